package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// unusedFor is how long a version of an asset that nobody asked for is kept once a newer one was built.
const unusedFor = 14 * 24 * time.Hour

// cache is a folder of finished assets, each in a folder of its own: NAME-KEY, where KEY is a hash of what it is made
// from. A folder under its final name is complete, since it gets that name by a rename.
type cache struct {
	dir      string
	progress *progress
}

// asset is something that takes long to make.
type asset struct {
	name    string
	usually time.Duration // on two cores, with nothing downloaded yet; told to the waiting person
	inputs  []string      // all that decides the content
	build   func(ctx context.Context, dir string) error
}

// key is short since it is part of paths that people read; 48 bits are plenty for a dozen versions.
func (a asset) key() string {
	h := sha256.New()
	for _, input := range a.inputs {
		fmt.Fprintf(h, "%d:%s", len(input), input)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// ensure returns the folder of a, and builds it when it is absent. Of several processes that want the same asset one
// builds, and the others wait for it.
func (c *cache) ensure(ctx context.Context, a asset) (string, error) {
	dir := filepath.Join(c.dir, a.name+"-"+a.key())
	if found(dir) {
		return dir, nil
	}
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return "", fmt.Errorf("making the cache: %w", err)
	}
	lock, err := c.lock(ctx, a.name)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if found(dir) { // somebody else built it while we waited
		return dir, nil
	}
	start := time.Now()
	c.progress.printf("%s: building, usually %s", a.name, a.usually)
	if err := c.build(ctx, a, dir); err != nil {
		return "", fmt.Errorf("building %s: %w", a.name, err)
	}
	c.progress.printf("%s: built in %s", a.name, time.Since(start).Round(time.Second))
	return dir, nil
}

// build makes a in a temporary folder and renames it to dir. The caller holds the lock of a, so temporary folders that are there
// already belong to builds that were killed. The new one has another name, since a child of such a build may still write.
func (c *cache) build(ctx context.Context, a asset, dir string) error {
	pattern := ".building-" + a.name + "@*"
	left, err := filepath.Glob(filepath.Join(c.dir, pattern))
	if err != nil {
		return err
	}
	for _, path := range left {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("removing what a killed build left: %w", err)
		}
	}
	temp, err := os.MkdirTemp(c.dir, pattern)
	if err != nil {
		return err
	}
	if err := errors.Join(os.Chmod(temp, 0o755), a.build(ctx, temp)); err != nil {
		return errors.Join(err, os.RemoveAll(temp))
	}
	if err := os.Rename(temp, dir); err != nil {
		return err
	}
	return c.removeUnused(a, dir)
}

// found reports whether dir is there, and marks it as used.
func found(dir string) bool {
	now := time.Now()
	return os.Chtimes(dir, now, now) == nil
}

// removeUnused removes versions of a that no run asked for in a long time.
func (c *cache) removeUnused(a asset, keep string) error {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(c.dir, entry.Name())
		rest, ours := strings.CutPrefix(entry.Name(), a.name+"-")
		if !ours || len(rest) != len(a.key()) || path == keep {
			continue
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) || err == nil && time.Since(info.ModTime()) < unusedFor {
			continue
		}
		if err := errors.Join(err, os.RemoveAll(path)); err != nil {
			return fmt.Errorf("removing an unused asset: %w", err)
		}
	}
	return nil
}

// lock waits until no other process builds the named asset. Closing the file gives the lock back.
func (c *cache) lock(ctx context.Context, name string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(c.dir, ".lock-"+name), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", name, err)
	}
	for told := false; ; told = true {
		err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return lock, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return nil, errors.Join(fmt.Errorf("locking %s: %w", name, err), lock.Close())
		}
		if !told {
			c.progress.printf("%s: another run builds it, waiting", name)
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return nil, errors.Join(fmt.Errorf("waiting for the build of %s: %w", name, err), lock.Close())
		}
	}
}

// pause sleeps, or returns early with the reason that ctx ended.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
