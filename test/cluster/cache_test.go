package cluster

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func testCache(t *testing.T) *cache {
	t.Helper()
	return &cache{dir: t.TempDir(), progress: newProgress(nil)}
}

func writesGreeting(_ context.Context, dir string) error {
	return os.WriteFile(filepath.Join(dir, "greeting"), []byte("hello"), 0o644)
}

func TestCache(t *testing.T) {
	t.Parallel()
	t.Run("builds what several want at once only once", func(t *testing.T) {
		t.Parallel()
		c := testCache(t)
		var builds atomic.Int32
		var wanting sync.WaitGroup // done when all have come to want it
		wanting.Add(4)
		a := asset{name: "thing", build: func(ctx context.Context, dir string) error {
			builds.Add(1)
			wanting.Wait()
			return writesGreeting(ctx, dir)
		}}
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				wanting.Done()
				dir, err := c.ensure(t.Context(), a)
				if err != nil {
					t.Error(err)
					return
				}
				if content, err := os.ReadFile(filepath.Join(dir, "greeting")); err != nil || string(content) != "hello" {
					t.Errorf("got %q (%v), want the finished asset", content, err)
				}
			})
		}
		all.Wait()
		if got := builds.Load(); got != 1 {
			t.Errorf("builds: got %d, want 1", got)
		}
	})
	t.Run("builds again when an input has changed", func(t *testing.T) {
		t.Parallel()
		c := testCache(t)
		first, err := c.ensure(t.Context(), asset{name: "thing", inputs: []string{"a", "b"}, build: writesGreeting})
		if err != nil {
			t.Fatal(err)
		}
		second, err := c.ensure(t.Context(), asset{name: "thing", inputs: []string{"ab"}, build: writesGreeting})
		if err != nil {
			t.Fatal(err)
		}
		if first == second {
			t.Errorf("both are %s, want one folder for each set of inputs", first)
		}
	})
	t.Run("leaves nothing of a build that failed", func(t *testing.T) {
		t.Parallel()
		c := testCache(t)
		broken := errors.New("no compiler")
		_, err := c.ensure(t.Context(), asset{name: "thing", build: func(ctx context.Context, dir string) error {
			return errors.Join(writesGreeting(ctx, dir), broken)
		}})
		if !errors.Is(err, broken) {
			t.Errorf("got error %v, want %v", err, broken)
		}
		if got := visible(t, c); len(got) != 0 {
			t.Errorf("in the cache: got %v, want nothing", got)
		}
		if _, err := c.ensure(t.Context(), asset{name: "thing", build: writesGreeting}); err != nil {
			t.Errorf("the next build: %v", err)
		}
	})
	t.Run("builds afresh after a build that was killed", func(t *testing.T) {
		t.Parallel()
		c := testCache(t)
		half := filepath.Join(c.dir, ".building-thing@1")
		if err := errors.Join(os.Mkdir(half, 0o755), os.WriteFile(filepath.Join(half, "half"), nil, 0o644)); err != nil {
			t.Fatal(err)
		}
		dir, err := c.ensure(t.Context(), asset{name: "thing", build: writesGreeting})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, "half")); err == nil {
			t.Error("the asset has a file of the build that was killed")
		}
		if got := visible(t, c); len(got) != 1 {
			t.Errorf("in the cache: got %v, want the asset alone", got)
		}
	})
	t.Run("stops waiting for another run when told to", func(t *testing.T) {
		t.Parallel()
		c := testCache(t)
		lock, err := c.lock(t.Context(), "thing")
		if err != nil {
			t.Fatal(err)
		}
		defer lock.Close()
		ctx, cancel := context.WithCancelCause(t.Context())
		told := errors.New("told to stop")
		cancel(told)
		if _, err := c.ensure(ctx, asset{name: "thing", build: writesGreeting}); !errors.Is(err, told) {
			t.Errorf("got error %v, want %v", err, told)
		}
	})
	t.Run("removes versions that nobody uses", func(t *testing.T) {
		t.Parallel()
		c := testCache(t)
		var dirs []string
		for _, input := range []string{"old", "used"} {
			dir, err := c.ensure(t.Context(), asset{name: "thing", inputs: []string{input}, build: writesGreeting})
			if err != nil {
				t.Fatal(err)
			}
			dirs = append(dirs, dir)
		}
		longAgo := time.Now().Add(-unusedFor - time.Hour)
		if err := os.Chtimes(dirs[0], longAgo, longAgo); err != nil {
			t.Fatal(err)
		}
		newest, err := c.ensure(t.Context(), asset{name: "thing", inputs: []string{"new"}, build: writesGreeting})
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(visible(t, c), " ")
		for _, dir := range []string{dirs[1], newest} {
			if !strings.Contains(got, filepath.Base(dir)) {
				t.Errorf("in the cache: got %s, want %s among it", got, filepath.Base(dir))
			}
		}
		if strings.Contains(got, filepath.Base(dirs[0])) {
			t.Errorf("in the cache: got %s, want %s removed", got, filepath.Base(dirs[0]))
		}
	})
}

// visible returns the names of the finished assets.
func visible(t *testing.T, c *cache) []string {
	t.Helper()
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), ".lock-") {
			names = append(names, entry.Name())
		}
	}
	return names
}
