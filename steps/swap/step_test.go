package swap_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/steptest"
	"github.com/hostler-dev/hostler/steps/swap"
)

const (
	fstab  = "UUID=1 / ext4 errors=remount-ro 0 1\n# swap was on /dev/vda2 during installation\nUUID=2 none swap sw 0 0\n"
	marked = "UUID=1 / ext4 errors=remount-ro 0 1\n# swap was on /dev/vda2 during installation\n# swap is switched off by hostler: UUID=2 none swap sw 0 0\n"
)

// machine is a Debian machine with a swap partition.
func machine(more ...hosttest.Option) *hosttest.Fake {
	f := hosttest.New(append([]hosttest.Option{
		hosttest.FileWith("/etc/fstab", fstab, host.Attr{Mode: 0o664, UID: 0, GID: 6}),
		hosttest.UnitFile("swap.target", "[Unit]\nDescription=Swaps\n"),
		hosttest.Swap("/dev/vda2"),
	}, more...)...)
	return f
}

func TestStep(t *testing.T) {
	t.Parallel()
	in := func(mode swap.Mode) func() steps.Step {
		return func() steps.Step { return swap.New(swap.Spec{Mode: mode}) }
	}
	host := func(more ...hosttest.Option) func() *hosttest.Fake {
		return func() *hosttest.Fake { return machine(more...) }
	}
	withInstall := "[Swap]\nWhat=/swapfile\n[Install]\nWantedBy=multi-user.target\n"
	for _, c := range []steptest.Case{
		{Name: "switches off swap on a bare host", Step: in(swap.Disabled), Golden: "testdata/bare.golden", Host: host()},
		{Name: "wants nothing of a host without swap", Step: in(swap.Disabled), Golden: "testdata/converged.golden",
			Host: func() *hosttest.Fake {
				return hosttest.New(hosttest.File("/etc/fstab", marked), hosttest.UnitFile("swap.target", "[Unit]\n"), hosttest.Masked("swap.target"))
			}},
		{Name: "does without fstab and swap.target", Step: in(swap.Disabled), Golden: "testdata/nothing-there.golden",
			Host: func() *hosttest.Fake { return hosttest.New() }},
		{Name: "switches off what somebody switched on again", Step: in(swap.Disabled), Golden: "testdata/swapon.golden",
			Host: host(hosttest.File("/etc/fstab", marked), hosttest.Masked("swap.target"), hosttest.Swap("/swap file"))},
		{Name: "masks packaged swap units and disables those in etc", Step: in(swap.Disabled), Golden: "testdata/units.golden",
			Host: host(
				hosttest.UnitFile("vendor.swap", withInstall), hosttest.Enabled("vendor.swap"), hosttest.Running("vendor.swap"),
				hosttest.UnitFile("off.swap", withInstall), hosttest.UnitFile("static.swap", "[Swap]\nWhat=/x\n"),
				hosttest.File("/etc/systemd/system/own.swap", withInstall), hosttest.Enabled("own.swap"),
				hosttest.File("/run/systemd/generator/dev-vda2.swap", "[Swap]\nWhat=/dev/vda2\n"), hosttest.Running("dev-vda2.swap"),
				hosttest.Running("dev-disk-by\\x2dpath-x.swap"),
			)},
		{Name: "disables services that make swap", Step: in(swap.Disabled), Golden: "testdata/services.golden",
			Host: host(hosttest.UnitFile("zramswap.service", "[Install]\nWantedBy=multi-user.target\n"), hosttest.Enabled("zramswap.service"),
				hosttest.UnitFile("dphys-swapfile.service", "[Install]\nWantedBy=multi-user.target\n"))},
		{Name: "edits only the files of an image", Step: in(swap.Disabled), Golden: "testdata/image.golden", Host: host(hosttest.Image())},
		{Name: "leaves swap alone when it is unmanaged", Step: in(swap.Unmanaged), Golden: "testdata/converged.golden", Host: host()},
		{Name: "leaves swap alone when nothing is said", Step: in(""), Golden: "testdata/converged.golden", Host: host()},
	} {
		steptest.Run(t, c)
	}
}

func TestPlanFailures(t *testing.T) {
	t.Parallel()

	t.Run("refuses a mode that it does not know", func(t *testing.T) {
		t.Parallel()
		_, err := swap.New(swap.Spec{Mode: "disabled"}).Plan(t.Context(), machine())
		if err == nil || !strings.Contains(err.Error(), `"disabled" is not one of Disabled, Limited, Zram, Unmanaged`) {
			t.Errorf("got %v, want an error that names the modes", err)
		}
	})

	t.Run("refuses an fstab that is a link and would change", func(t *testing.T) {
		t.Parallel()
		v := machine(hosttest.File("/data/fstab", fstab), hosttest.Link("/etc/fstab", "/data/fstab"))
		if _, err := swap.New(swap.Spec{Mode: swap.Disabled}).Plan(t.Context(), v); !errors.Is(err, host.ErrNotRegular) {
			t.Errorf("got %v, want ErrNotRegular", err)
		}
	})

	t.Run("leaves an fstab alone that is a link and names no swap", func(t *testing.T) {
		t.Parallel()
		v := machine(hosttest.File("/data/fstab", marked), hosttest.Link("/etc/fstab", "/data/fstab"))
		if _, err := swap.New(swap.Spec{Mode: swap.Disabled}).Plan(t.Context(), v); err != nil {
			t.Errorf("got %v, want a plan", err)
		}
	})
}
