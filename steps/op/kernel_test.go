package op_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
)

// inState shows every unit in one state.
type inState struct {
	*hosttest.Fake
	state string
}

func (s inState) Unit(context.Context, string) (host.Unit, error) {
	return host.Unit{LoadState: "loaded", ActiveState: s.state}, nil
}

// withFileState shows every unit with one state of its unit file.
type withFileState struct {
	*hosttest.Fake
	state string
}

func (s withFileState) Unit(context.Context, string) (host.Unit, error) {
	return host.Unit{LoadState: "loaded", UnitFileState: s.state}, nil
}

func TestPlanModule(t *testing.T) {
	t.Parallel()
	f := hosttest.New(hosttest.Module("a", hosttest.Loaded), hosttest.Module("b", hosttest.Builtin), hosttest.Module("c_d", hosttest.Loadable))
	for name, want := range map[string]steps.Op{
		"a": nil, "b": nil, "c-d": op.Module{Name: "c-d", Loaded: true}, "unknown": op.Module{Name: "unknown", Loaded: true},
	} {
		if got, err := op.PlanModule(f, name); err != nil || got != want {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, want)
		}
	}
	if _, err := op.PlanModule(hosttest.New(hosttest.Image()), "a"); !errors.Is(err, host.ErrNotLive) {
		t.Errorf("in an image: got %v, want ErrNotLive", err)
	}
}

func TestModuleInverse(t *testing.T) {
	t.Parallel()
	for kind, loaded := range map[hosttest.ModuleKind]bool{hosttest.Loadable: false, hosttest.Loaded: true, hosttest.Builtin: true} {
		f := hosttest.New(hosttest.Module("m", kind))
		got, err := op.Module{Name: "m", Loaded: true}.Inverse(t.Context(), f)
		if want := (op.Module{Name: "m", Loaded: loaded}); err != nil || got != want {
			t.Errorf("kind %d: got %+v, %v, want %+v", kind, got, err, want)
		}
	}
}

func TestKernelErrors(t *testing.T) {
	t.Parallel()

	t.Run("name the module and the kernel, and the way out", func(t *testing.T) {
		t.Parallel()
		for release, want := range map[string]string{
			"6.1.0-28-amd64": "loading module x into the running kernel 6.1.0-28-amd64: ",
			"":               "loading module x into the running kernel of this host: ",
		} {
			f := hosttest.New()
			if release != "" {
				f.Change(hosttest.Sysctl("kernel.osrelease", release))
			}
			err := op.Module{Name: "x", Loaded: true}.Do(t.Context(), f)
			var failed *host.CommandError
			if !errors.As(err, &failed) || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "install the package") {
				t.Errorf("got %v, want modprobe's error after %q", err, want)
			}
		}
	})

	t.Run("name the value that the kernel refuses", func(t *testing.T) {
		t.Parallel()
		f := hosttest.New(hosttest.Sysctl("vm.swappiness", "60"))
		err := op.Sysctl{Name: "vm.swappiness", From: "60", To: "many"}.Do(t.Context(), f)
		if err == nil || !strings.Contains(err.Error(), "many") || !strings.Contains(err.Error(), "vm.swappiness") {
			t.Errorf("got %v, want an error that names key and value", err)
		}
	})

	t.Run("come from the inverse where the kernel lacks the key", func(t *testing.T) {
		t.Parallel()
		if _, err := (op.Sysctl{Name: "a.b"}).Inverse(t.Context(), hosttest.New()); !errors.Is(err, host.ErrNoSysctl) {
			t.Errorf("got %v, want ErrNoSysctl", err)
		}
	})
}

// Deferred ops are those that must see all files, and no others.
func TestStages(t *testing.T) {
	t.Parallel()
	want := map[string]steps.Stage{"job": steps.UnitJobs, "daemon-reload": steps.ReloadManager}
	for kind, sample := range samples() {
		deferred, is := sample.(steps.Deferred)
		stage, wanted := want[kind]
		if is != wanted || is && deferred.Stage() != stage {
			t.Errorf("%s: got deferred %v, want %v in stage %d", kind, is, wanted, stage)
		}
	}
	if merged, err := (op.DaemonReload{}).Merge(op.DaemonReload{}); err != nil || merged != (op.DaemonReload{}) {
		t.Errorf("got %v, %v for two daemon-reloads, want one", merged, err)
	}
}
