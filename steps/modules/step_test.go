package modules_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/modules"
	"github.com/hostler-dev/hostler/steps/steptest"
)

const content = "# Kept by hostler: it takes changes made here back.\n" +
	"# Change operatingSystem.kernelModules of the NodeGroup instead.\noverlay\nbr_netfilter\nnf_conntrack\n"

// machine has one module of each kind.
func machine(more ...hosttest.Option) *hosttest.Fake {
	f := hosttest.New(
		hosttest.Module("overlay", hosttest.Builtin),
		hosttest.Module("br_netfilter", hosttest.Loadable, hosttest.Sysctl("net.bridge.bridge-nf-call-iptables", "1")),
		hosttest.Module("nf_conntrack", hosttest.Loaded),
	)
	f.Change(more...)
	return f
}

func TestStep(t *testing.T) {
	t.Parallel()
	wish := func(names ...string) func() steps.Step {
		return func() steps.Step { return modules.New(modules.Spec{Names: names}) }
	}
	all := wish("overlay", "br-netfilter", "nf_conntrack", "br_netfilter")
	for _, c := range []steptest.Case{
		{Name: "loads what the kernel lacks and writes the file", Step: all, Golden: "testdata/bare.golden",
			Host: func() *hosttest.Fake { return machine() }},
		{Name: "wants nothing of a converged host", Step: all, Golden: "testdata/converged.golden",
			Host: func() *hosttest.Fake {
				return machine(hosttest.Module("br_netfilter", hosttest.Loaded), hosttest.File(modules.File, content))
			}},
		{Name: "loads a module that somebody unloaded", Step: all, Golden: "testdata/unloaded.golden",
			Host: func() *hosttest.Fake { return machine(hosttest.File(modules.File, content)) }},
		{Name: "brings the file back", Step: all, Golden: "testdata/file.golden",
			Host: func() *hosttest.Fake {
				return machine(hosttest.Module("br_netfilter", hosttest.Loaded), hosttest.File(modules.File, content+"pcspkr\n"))
			}},
		{Name: "keeps only the file of an image", Step: all, Golden: "testdata/image.golden",
			Host: func() *hosttest.Fake { return hosttest.New(hosttest.Image()) }},
		{Name: "removes its file and leaves modules loaded", Step: wish(), Golden: "testdata/removed.golden",
			Host: func() *hosttest.Fake { return machine(hosttest.File(modules.File, content)) }},
		{Name: "leaves somebody else's file alone", Step: wish(), Golden: "testdata/foreign.golden",
			Host: func() *hosttest.Fake { return machine(hosttest.File(modules.File, "pcspkr\n")) }},
	} {
		steptest.Run(t, c)
	}
}

func TestUnknownModule(t *testing.T) {
	t.Parallel()
	f := machine(hosttest.Sysctl("kernel.osrelease", "6.1.0-28-amd64"))
	ops, err := modules.New(modules.Spec{Names: []string{"br_netfitler"}}).Plan(t.Context(), f)
	if err != nil || len(ops) != 2 {
		t.Fatalf("got ops %v, %v, want the file and the module", ops, err)
	}
	err = ops[1].Do(t.Context(), f)
	var failed *host.CommandError
	if !errors.As(err, &failed) {
		t.Fatalf("got %v, want modprobe's error", err)
	}
	for _, want := range []string{"br_netfitler", "6.1.0-28-amd64", "not found in directory"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got error %q, want it to name %q", err, want)
		}
	}
}

func TestSpecCheck(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]string{
		"nothing":      "",
		"an option":    "--remove=x",
		"a path":       "/lib/modules/x.ko",
		"parameters":   "nf_conntrack hashsize=1",
		"a comment":    "#overlay",
		"another line": "overlay\npcspkr",
		"a pattern":    "nf_*",
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			err := modules.Spec{Names: []string{"overlay", bad}}.Check()
			if err == nil {
				t.Errorf("got no error for %q", bad)
			}
		})
	}
}
