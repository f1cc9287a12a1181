package selinux_test

import (
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/selinux"
	"github.com/hostler-dev/hostler/steps/steptest"
)

const (
	config  = "/etc/selinux/config"
	enforce = "/sys/fs/selinux/enforce"
	policy  = "/usr/share/selinux/packages/container.pp.bz2"
)

// configuration is the file of RHEL 9, in which the comments name all modes too.
func configuration(mode string) string {
	return "\n# SELINUX= can take one of these three values:\n#     enforcing - SELinux security policy is enforced.\n" +
		"SELINUX=" + mode + "\n# SELINUXTYPE= can take one of these three values:\nSELINUXTYPE=targeted\n\n\n"
}

// machine enforces.
func machine(more ...hosttest.Option) func() *hosttest.Fake {
	return func() *hosttest.Fake {
		f := hosttest.New(
			hosttest.FileWith(config, configuration("enforcing"), host.Attr{Mode: 0o640, GID: 3}),
			hosttest.Attribute(enforce, "1"), hosttest.File(policy, "BZh"), hosttest.File("/proc/cmdline", "ro\n"),
		)
		f.Change(more...)
		return f
	}
}

func in(mode selinux.Mode) func() steps.Step {
	return func() steps.Step { return selinux.New(selinux.Spec{Mode: mode}) }
}

func TestStep(t *testing.T) {
	t.Parallel()
	permissive := func(f *hosttest.Fake) {
		f.Change(hosttest.File(config, configuration("permissive")), hosttest.Attribute(enforce, "0"))
	}
	off := func(f *hosttest.Fake) {
		f.Change(hosttest.File(config, configuration("disabled")), hosttest.Absent(enforce))
	}
	byKernel := hosttest.File("/proc/cmdline", "ro selinux=0\n")
	for _, c := range []steptest.Case{
		{Name: "goes from enforcing to permissive", Step: in(selinux.Permissive), Host: machine(), Golden: "testdata/permissive.golden"},
		{Name: "goes from permissive to enforcing", Step: in(selinux.Enforcing), Host: machine(permissive), Golden: "testdata/enforcing.golden"},
		{Name: "wants nothing of a converged host", Step: in(selinux.Enforcing), Host: machine(), Golden: "testdata/converged.golden"},
		{Name: "takes back what somebody set by setenforce", Step: in(selinux.Enforcing), Golden: "testdata/setenforce.golden",
			Host: machine(hosttest.Attribute(enforce, "0"))},
		{Name: "goes from off to permissive first", Step: in(selinux.Enforcing), Host: machine(off), Golden: "testdata/from-off.golden"},
		{Name: "waits for the reboot that labels", Step: in(selinux.Enforcing), Golden: "testdata/labelling.golden",
			Host: machine(off, hosttest.File(config, configuration("permissive")), hosttest.File("/.autorelabel", ""))},
		{Name: "does not enforce at boot what is off", Step: in(selinux.Permissive), Golden: "testdata/off-enforcing.golden",
			Host: machine(hosttest.Absent(enforce), byKernel)},
		{Name: "is permissive until a reboot switches off", Step: in(selinux.Disabled), Host: machine(), Golden: "testdata/disabled.golden"},
		{Name: "says where only the kernel's command line switches off", Host: machine(off), Golden: "testdata/by-kernel.golden",
			Step: func() steps.Step { return selinux.New(selinux.Spec{Mode: selinux.Disabled, OffByKernelOnly: true}) }},
		{Name: "is content with what the kernel's command line switched off", Host: machine(off, byKernel), Golden: "testdata/converged.golden",
			Step: func() steps.Step { return selinux.New(selinux.Spec{Mode: selinux.Disabled, OffByKernelOnly: true}) }},
		{Name: "adds the setting to a file without", Step: in(selinux.Permissive), Golden: "testdata/no-setting.golden",
			Host: machine(permissive, hosttest.File(config, "SELINUXTYPE=targeted"))},
		{Name: "warns where the policy for containers lacks", Step: in(selinux.Enforcing), Golden: "testdata/no-policy.golden",
			Host: machine(hosttest.Absent(policy))},
		{Name: "edits only the file of an image", Step: in(selinux.Permissive), Golden: "testdata/image.golden",
			Host: machine(hosttest.Image(), hosttest.Absent(enforce))},
		{Name: "has an image labelled in which it was off", Step: in(selinux.Enforcing), Golden: "testdata/image-off.golden",
			Host: machine(off, hosttest.Image())},
		{Name: "leaves it alone when nothing is said", Step: in(""), Golden: "testdata/converged.golden",
			Host: func() *hosttest.Fake { return hosttest.New() }},
	} {
		steptest.Run(t, c)
	}
}

func TestPlanFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mode selinux.Mode
		more hosttest.Option
		want string
	}{
		"a mode that it does not know": {"enforcing", hosttest.Reloaded(), "is not one of Enforcing, Permissive, Disabled, Unmanaged"},
		"a machine without SELinux":    {selinux.Permissive, hosttest.Absent(config), "has no SELinux"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			_, err := in(c.mode)().Plan(t.Context(), machine(c.more)())
			if _, failure := steps.Split(err); failure == nil || !strings.Contains(failure.Error(), c.want) {
				t.Errorf("got %v, want a failure with %q", err, c.want)
			}
		})
	}
}
