package hugepages_test

import (
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/hugepages"
	"github.com/hostler-dev/hostler/steps/steptest"
)

const (
	attribute = "/sys/kernel/mm/transparent_hugepage/enabled"
	madvise   = "# Kept by hostler: it takes changes made here back.\n" +
		"# Change operatingSystem.transparentHugepages of the NodeGroup instead.\n" +
		"w /sys/kernel/mm/transparent_hugepage/enabled - - - - madvise\n"
)

func machine(more ...hosttest.Option) func() *hosttest.Fake {
	return func() *hosttest.Fake {
		f := hosttest.New(hosttest.Attribute(attribute, "[always] madvise never"), hosttest.File("/proc/cmdline", "root=/dev/vda1 ro quiet\n"))
		f.Change(more...)
		return f
	}
}

func in(mode hugepages.Mode) func() steps.Step {
	return func() steps.Step { return hugepages.New(hugepages.Spec{Mode: mode}) }
}

func TestStep(t *testing.T) {
	t.Parallel()
	kept := hosttest.File(hugepages.File, madvise)
	for _, c := range []steptest.Case{
		{Name: "sets the mode now and at boot", Step: in(hugepages.Madvise), Host: machine(), Golden: "testdata/bare.golden"},
		{Name: "wants nothing of a converged host", Step: in(hugepages.Madvise), Golden: "testdata/converged.golden",
			Host: machine(kept, hosttest.Attribute(attribute, "always [madvise] never"))},
		{Name: "sets the live mode back that somebody changed", Step: in(hugepages.Madvise), Host: machine(kept), Golden: "testdata/live.golden"},
		{Name: "warns of another mode on the kernel's command line", Step: in(hugepages.Never), Golden: "testdata/cmdline.golden",
			Host: machine(hosttest.File("/proc/cmdline", "ro transparent_hugepage=always\n"))},
		{Name: "keeps only the file of an image", Step: in(hugepages.Madvise), Host: machine(hosttest.Image()), Golden: "testdata/image.golden"},
		{Name: "wants nothing of a kernel without them when there shall be none", Step: in(hugepages.Never), Golden: "testdata/converged.golden",
			Host: machine(hosttest.Absent(attribute))},
		{Name: "takes its file away and leaves the live mode", Step: in(hugepages.Unmanaged), Host: machine(kept), Golden: "testdata/removed.golden"},
		{Name: "leaves all alone when nothing is said", Step: in(""), Host: machine(), Golden: "testdata/converged.golden"},
	} {
		steptest.Run(t, c)
	}
}

func TestPlanFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mode hugepages.Mode
		more hosttest.Option
		want string
	}{
		"a mode that it does not know":           {"madvise", hosttest.Reloaded(), "is not one of Always, Madvise, Never, Unmanaged"},
		"a kernel that has none when some shall": {hugepages.Always, hosttest.Absent(attribute), "CONFIG_TRANSPARENT_HUGEPAGE"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			_, err := in(c.mode)().Plan(t.Context(), machine(c.more)())
			if _, failure := steps.Split(err); failure == nil || !strings.Contains(failure.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}
