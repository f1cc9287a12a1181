package steptest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
	"github.com/hostler-dev/hostler/steps/steptest"
)

// planFunc is a step from a function.
type planFunc func(ctx context.Context, v host.View) ([]steps.Op, error)

func (planFunc) Name() string { return "seeded" }

func (f planFunc) Plan(ctx context.Context, v host.View) ([]steps.Op, error) { return f(ctx, v) }

const motd = "/etc/motd.d/hostler"

var wish = op.FileWish{Path: motd, Content: []byte("welcome\n"), Attr: host.Attr{Mode: 0o600}}

// good wants a file and a sysctl, and does it right.
func good(_ context.Context, v host.View) ([]steps.Op, error) {
	file, err := op.PlanFile(v, wish)
	if err != nil || file == nil {
		return nil, err
	}
	return []steps.Op{file}, nil
}

// noUndo is a file op that cannot be taken back and does not say so.
type noUndo struct{ op.File }

func (noUndo) Inverse(context.Context, host.View) (steps.Op, error) { return nil, nil }

// forgetsMode is a file op whose way back forgets the file's mode.
type forgetsMode struct{ op.File }

func (o forgetsMode) Inverse(ctx context.Context, v host.View) (steps.Op, error) {
	back, err := o.File.Inverse(ctx, v)
	if restore, ok := back.(op.Restore); ok {
		restore.Attr.Mode = 0o644
		return restore, err
	}
	return back, err
}

// leavesFolders is a file op whose way back forgets the folders it made.
type leavesFolders struct{ op.File }

func (o leavesFolders) Inverse(context.Context, host.View) (steps.Op, error) {
	return op.Remove{Path: o.Path}, nil
}

// unseenEdit is a file op that makes an edit of which its inverse knows nothing.
type unseenEdit struct{ op.File }

func (o unseenEdit) Do(ctx context.Context, h host.Host) error {
	if err := h.Symlink("/etc/hostler-unseen", "done"); err != nil {
		return err
	}
	return o.File.Do(ctx, h)
}

func wrapping(wrap func(op.File) steps.Op) planFunc {
	return func(ctx context.Context, v host.View) ([]steps.Op, error) {
		ops, err := good(ctx, v)
		if err != nil || ops == nil {
			return nil, err
		}
		return []steps.Op{wrap(ops[0].(op.File))}, nil
	}
}

func TestHarnessCatchesSeededBugs(t *testing.T) {
	t.Parallel()
	oldFile := func() *hosttest.Fake {
		return hosttest.New(hosttest.FileWith(motd, "old\n", host.Attr{Mode: 0o640, GID: 4}))
	}
	bare := func() *hosttest.Fake { return hosttest.New() }
	buffers := func() *hosttest.Fake {
		return hosttest.New(hosttest.Sysctl("net.ipv4.tcp_rmem", "4096 131072 6291456"))
	}
	for name, c := range map[string]struct {
		step planFunc
		host func() *hosttest.Fake
		want string // part of the finding; empty: nothing is wrong
	}{
		"a good step on a bare host":     {good, bare, ""},
		"a good step on an old file":     {good, oldFile, ""},
		"an op without undo":             {wrapping(func(f op.File) steps.Op { return noUndo{f} }), oldFile, "want a rollback"},
		"an undo that forgets the mode":  {wrapping(func(f op.File) steps.Op { return forgetsMode{f} }), oldFile, "must be as before"},
		"an undo that leaves folders":    {wrapping(func(f op.File) steps.Op { return leavesFolders{f} }), bare, "must be as before"},
		"an edit that undo does not see": {wrapping(func(f op.File) steps.Op { return unseenEdit{f} }), bare, "must be as before"},
		"a step that always plans": {func(context.Context, host.View) ([]steps.Op, error) {
			return []steps.Op{op.File{Path: motd, Content: []byte("again\n"), Attr: host.Attr{Mode: 0o644}}}, nil
		}, bare, "still not as wished"},
		"a step that ignores how the kernel formats": {func(_ context.Context, v host.View) ([]steps.Op, error) {
			const key, want = "net.ipv4.tcp_rmem", "4096 87380 6291456"
			if now, err := v.Sysctl(key); err != nil || now == want {
				return nil, err
			}
			return []steps.Op{op.Sysctl{Name: key, To: want}}, nil
		}, buffers, "still not as wished"},
		"a plan that writes": {func(_ context.Context, v host.View) ([]steps.Op, error) {
			return nil, v.(host.Host).Remove(motd)
		}, oldFile, "must not change the host"},
		"a plan that differs each time": {drifting(), oldFile, "must be equal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			findings := steptest.Check(steptest.Case{
				Step: func() steps.Step { return c.step },
				Host: c.host,
				Kinds: []map[string]steps.Op{{
					"no-undo": noUndo{}, "forgets-mode": forgetsMode{}, "leaves-folders": leavesFolders{}, "unseen-edit": unseenEdit{},
				}},
			}, t.TempDir)
			switch {
			case c.want == "" && len(findings) > 0:
				t.Errorf("got finding %v, want none", findings)
			case c.want != "" && (len(findings) == 0 || !strings.Contains(findings[0].Error(), c.want)):
				t.Errorf("got findings %v, want one with %q", findings, c.want)
			}
		})
	}
}

// drifting plans another content each time it is asked.
func drifting() planFunc {
	asked := 0
	return func(context.Context, host.View) ([]steps.Op, error) {
		asked++
		return []steps.Op{op.Module{Name: strings.Repeat("x", asked), Loaded: true}}, nil
	}
}
