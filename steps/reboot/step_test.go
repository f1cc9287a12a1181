package reboot_test

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
	"github.com/hostler-dev/hostler/steps/reboot"
	"github.com/hostler-dev/hostler/steps/steptest"
)

// debian are the signs of Debian and its kin, and redHat those of the other large family.
var (
	debian = reboot.Signs{File: "/run/reboot-required", Packages: "/run/reboot-required.pkgs", KernelDir: "/lib/modules"}
	redHat = reboot.Signs{Query: []string{"needs-restarting", "-r"}, KernelDir: "/lib/modules"}
)

const running = "6.1.0-28-amd64"

// machine runs the newest kernel of its flavour, among others that it must not take for newer ones.
func machine(more ...hosttest.Option) *hosttest.Fake {
	return hosttest.New(append([]hosttest.Option{
		hosttest.ReadOnlySysctl("kernel.osrelease", running),
		hosttest.File("/proc/1/maps", "55d0-55d1 r-xp 00000000 08:01 77   /usr/lib/systemd/systemd\n7f00-7f01 rw-s 00000000 00:01 5   /memfd:x (deleted)\n"),
		kernel(running), kernel("6.1.0-9-amd64"), kernel("6.1.0-30-cloud-amd64"),
		hosttest.File("/lib/modules/6.1.0-31-amd64/modules.dep", ""), // its image is gone
	}, more...)...)
}

// kernel is one that is installed.
func kernel(release string) hosttest.Option {
	return func(f *hosttest.Fake) {
		f.Change(hosttest.File("/lib/modules/"+release+"/modules.dep", ""), hosttest.File("/boot/vmlinuz-"+release, ""))
	}
}

// asked is a restart that packages asked for.
func asked(packages string) hosttest.Option {
	return func(f *hosttest.Fake) {
		f.Change(hosttest.File("/run/reboot-required", "*** System restart required ***\n"), hosttest.File("/run/reboot-required.pkgs", packages))
	}
}

// needsRestarting answers as the command does: until the next boot, or for ever.
func needsRestarting(forEver bool) hosttest.Option {
	boot, _ := hosttest.New().BootID()
	return hosttest.Handle("needs-restarting", func(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
		if now, err := f.BootID(); err != nil || now != boot && !forEver {
			return host.Output{}, err
		}
		text := "Core libraries or services have been updated since boot-up:\n  * glibc\n  * systemd\n\nReboot is required to fully utilize these updates.\n"
		return host.Output{Stdout: []byte(text)}, hosttest.Exit(cmd, 1, "")
	})
}

// replaced is a first process that runs from libraries which were replaced.
func replaced() hosttest.Option {
	return hosttest.File("/proc/1/maps", "7f00-7f01 r-xp 00000000 08:01 9   /usr/lib/x86_64-linux-gnu/libc.so.6 (deleted)\n"+
		"7f01-7f02 r--p 00000000 08:01 9   /usr/lib/x86_64-linux-gnu/libc.so.6 (deleted)\n7f02-7f03 r-xp 00000000 08:01 9   /usr/lib/x86_64-linux-gnu/libfoo.so (deleted)\n")
}

func TestStep(t *testing.T) {
	t.Parallel()
	with := func(signs reboot.Signs) func() steps.Step {
		return func() steps.Step { return reboot.New(reboot.Spec{Policy: reboot.WhenRequired, Signs: signs}) }
	}
	on := func(more ...hosttest.Option) func() *hosttest.Fake {
		return func() *hosttest.Fake { return machine(more...) }
	}
	for _, c := range []steptest.Case{
		{Name: "restarts a machine whose packages ask for it", Step: with(debian), Golden: "testdata/asked.golden",
			Host: on(asked("linux-image-6.1.0-30-amd64\nlibc6\nlibc6\n"))},
		{Name: "wants nothing of a machine that runs what is installed", Step: with(debian), Golden: "testdata/current.golden", Host: on()},
		{Name: "restarts a machine of which dnf says that it must be", Step: with(redHat), Golden: "testdata/query.golden", Host: on(needsRestarting(false))},
		{Name: "wants nothing of an image", Step: with(debian), Golden: "testdata/current.golden", Host: on(hosttest.Image(), asked(""), kernel("6.1.0-30-amd64"))},
		{Name: "only warns when restarts are not managed", Golden: "testdata/unmanaged.golden",
			Step: func() steps.Step { return reboot.New(reboot.Spec{Policy: reboot.Unmanaged, Signs: debian}) },
			Host: on(asked("libc6\n"), kernel("6.1.0-30-amd64"), replaced())},
		{Name: "tries once when the boot loader keeps an old kernel", Step: with(debian), Golden: "testdata/kernel.golden", Host: on(kernel("6.1.0-30-amd64"))},
		{Name: "tries once when the command never changes its mind", Step: with(redHat), Golden: "testdata/query.golden", Host: on(needsRestarting(true))},
	} {
		c.Kinds, c.Irreversible = []map[string]steps.Op{reboot.Kinds()}, []string{"machine:reboot"}
		steptest.Run(t, c)
	}
}

// plan returns the reasons for a restart, and what is said beside them.
func plan(t *testing.T, f *hosttest.Fake, signs reboot.Signs) (reasons, said []string) {
	t.Helper()
	ops, err := reboot.New(reboot.Spec{Policy: reboot.WhenRequired, Signs: signs}).Plan(t.Context(), f)
	remarks, failure := steps.Split(err)
	if failure != nil {
		t.Fatalf("plan: %v", failure)
	}
	for _, remark := range remarks {
		said = append(said, remark.Text)
	}
	for _, op := range ops {
		reasons = append(reasons, op.(reboot.Restart).Why...)
	}
	return reasons, said
}

func TestReasons(t *testing.T) {
	t.Parallel()
	zypper := reboot.Signs{Query: []string{"zypper", "needs-rebooting"}}
	answers := func(code int) hosttest.Option {
		return hosttest.Handle("zypper", func(_ *hosttest.Fake, cmd host.Command) (host.Output, error) {
			return host.Output{}, hosttest.Exit(cmd, code, "")
		})
	}
	beside := hosttest.File("/lib/modules/6.1.0-30-amd64/vmlinuz", "")
	for name, c := range map[string]struct {
		host  *hosttest.Fake
		signs reboot.Signs
		want  []string
	}{
		"a kernel with its image beside its modules":      {machine(beside), debian, []string{"kernel 6.1.0-30-amd64 is installed, and 6.1.0-28-amd64 runs"}},
		"no kernel where none is looked for":              {machine(beside), reboot.Signs{}, nil},
		"a libc that the first process lost":              {machine(replaced()), debian, []string{"the first process runs from files that were replaced: /usr/lib/x86_64-linux-gnu/libc.so.6"}},
		"a sign without a list of packages":               {machine(hosttest.File("/run/reboot-required", "")), debian, []string{"/run/reboot-required is there"}},
		"zypper's own exit code":                          {machine(answers(102)), zypper, []string{"zypper needs-rebooting says so"}},
		"no other exit code":                              {machine(answers(7)), zypper, nil},
		"a minor release of one flavour":                  {redHatKernels("5.14.0-570.el9.x86_64"), redHat, []string{"kernel 5.14.0-570.el9.x86_64 is installed, and 5.14.0-503.11.1.el9_5.x86_64 runs"}},
		"no debug kernel, and none for real-time systems": {redHatKernels("5.14.0-570.el9.x86_64+debug", "5.14.0-570.el9.x86_64+rt"), redHat, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _ := plan(t, c.host, c.signs)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("reasons differ (-want +got):\n%s", diff)
			}
		})
	}
}

// redHatKernels is a machine with further kernels.
func redHatKernels(more ...string) *hosttest.Fake {
	const runs = "5.14.0-503.11.1.el9_5.x86_64"
	f := hosttest.New(hosttest.ReadOnlySysctl("kernel.osrelease", runs), needsRestarting(false), hosttest.BootID("later"), kernel(runs))
	for _, release := range more {
		f.Change(kernel(release))
	}
	return f
}

func TestPlanTells(t *testing.T) {
	t.Parallel()

	t.Run("a policy that it does not know", func(t *testing.T) {
		t.Parallel()
		_, err := reboot.New(reboot.Spec{Policy: "whenrequired"}).Plan(t.Context(), machine())
		if err == nil || !strings.Contains(err.Error(), `"whenrequired" is not one of WhenRequired, Unmanaged`) {
			t.Errorf("got %v, want an error that names the policies", err)
		}
	})

	t.Run("that the distribution's command is not there", func(t *testing.T) {
		t.Parallel()
		reasons, said := plan(t, machine(), redHat)
		if len(reasons) > 0 || len(said) != 1 || !strings.Contains(said[0], "is not known") {
			t.Errorf("got reasons %q and remarks %q, want a warning alone", reasons, said)
		}
	})
}

// mortal is a machine that takes the process with it when it restarts.
type mortal struct{ *hosttest.Fake }

func (m mortal) Reboot(ctx context.Context) error {
	if err := m.Fake.Reboot(ctx); err != nil {
		return err
	}
	runtime.Goexit()
	return nil
}

// restart is the op for a machine as it is.
func restart(t *testing.T, f *hosttest.Fake) reboot.Restart {
	t.Helper()
	ops, err := reboot.New(reboot.Spec{Policy: reboot.WhenRequired, Signs: debian}).Plan(t.Context(), f)
	if err != nil || len(ops) != 1 {
		t.Fatalf("got plan %v, %v, want a restart", ops, err)
	}
	return ops[0].(reboot.Restart)
}

func TestRestart(t *testing.T) {
	t.Parallel()

	t.Run("does nothing to a machine that was restarted meanwhile", func(t *testing.T) {
		t.Parallel()
		f := machine(asked(""))
		o := restart(t, f)
		f.Change(hosttest.BootID("meanwhile"))
		if err := o.Do(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		for _, call := range f.Calls() {
			if call.Method == "Reboot" {
				t.Error("got a second restart")
			}
		}
	})

	t.Run("ends without success when the process is told to stop, as it is when the machine goes down", func(t *testing.T) {
		t.Parallel()
		f := machine(asked(""), hosttest.HoldReboots(true))
		stopped := make(chan struct{})
		close(stopped)
		if err := restart(t, f).Do(host.WithStop(t.Context(), stopped), f); !errors.Is(err, steps.ErrRestarting) {
			t.Errorf("got %v, want ErrRestarting", err)
		}
	})

	t.Run("names who keeps the machine up when it is still there at the deadline", func(t *testing.T) {
		t.Parallel()
		f := machine(asked(""), hosttest.HoldReboots(true), hosttest.Handle("systemd-inhibit", func(*hosttest.Fake, host.Command) (host.Output, error) {
			return host.Output{Stdout: []byte("WHO     UID USER WHAT     WHY  MODE\nkubelet 0   root shutdown pods delay\n")}, nil
		}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		err := restart(t, f).Do(ctx, f)
		if err == nil || errors.Is(err, steps.ErrRestarting) || !strings.Contains(err.Error(), "kubelet") {
			t.Errorf("got %v, want an error that names the kubelet", err)
		}
	})

	t.Run("tries again what stayed only once somebody has booted the machine", func(t *testing.T) {
		t.Parallel()
		f := machine(kernel("6.1.0-30-amd64"))
		if err := restart(t, f).Do(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		if reasons, said := plan(t, f, debian); len(reasons) > 0 || len(said) != 1 || !strings.Contains(said[0], "6.1.0-30-amd64") {
			t.Errorf("in the boot that did not help: got reasons %q and remarks %q, want a warning about the kernel", reasons, said)
		}
		f.Change(kernel("6.1.0-32-amd64"))
		if reasons, _ := plan(t, f, debian); len(reasons) != 1 {
			t.Errorf("with another kernel: got reasons %q, want it", reasons)
		}
		f.Change(hosttest.Absent("/boot/vmlinuz-6.1.0-32-amd64"), hosttest.BootID("somebody's"))
		if reasons, _ := plan(t, f, debian); len(reasons) != 1 {
			t.Errorf("after somebody's boot: got reasons %q, want the kernel again", reasons)
		}
	})

	t.Run("is not asked for twice when its reason is there still in the next boot", func(t *testing.T) {
		t.Parallel()
		f, state := machine(kernel("6.1.0-30-amd64")), t.TempDir()
		codec, err := op.NewCodec(reboot.Kinds())
		if err != nil {
			t.Fatal(err)
		}
		apply := func(h host.Host) (engine.Result, error) {
			e, err := engine.New(engine.Config{Host: h, Codec: codec, StateDir: state})
			if err != nil {
				return engine.Result{}, err
			}
			step := reboot.New(reboot.Spec{Policy: reboot.WhenRequired, Signs: debian})
			return e.Apply(context.Background(), []steps.Step{step}, engine.Options{MaxImpact: steps.Reboot})
		}
		var died sync.WaitGroup
		died.Go(func() { _, _ = apply(mortal{f}) })
		died.Wait()
		result, err := apply(f)
		if err != nil || result.Outcome != engine.Done || len(result.Warnings) != 1 {
			t.Errorf("got %+v, %v, want it done with a warning", result, err)
		}
		reboots := slices.DeleteFunc(f.Calls(), func(call hosttest.Call) bool { return call.Method != "Reboot" })
		if len(reboots) != 1 {
			t.Errorf("got %d restarts, want 1", len(reboots))
		}
	})

	t.Run("is written in the journal so", func(t *testing.T) {
		t.Parallel()
		got, err := json.Marshal(reboot.Restart{BootID: "b", Why: []string{"w"}, Signs: reboot.Signs{File: "f", Packages: "p", Query: []string{"q"}, KernelDir: "k"}})
		want := `{"bootID":"b","why":["w"],"signs":{"file":"f","packages":"p","query":["q"],"kernelDir":"k"}}`
		if err != nil || string(got) != want {
			t.Errorf("got %s, %v, want %s", got, err, want)
		}
	})
}
