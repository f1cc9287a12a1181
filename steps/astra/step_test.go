package astra_test

import (
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/astra"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/steptest"
)

const (
	elfMode = "/sys/digsig/elf_mode"
	atBoot  = "/etc/digsig/digsig_initramfs.conf"
	maxIlev = "/sys/module/parsec/parameters/max_ilev"
)

func TestStep(t *testing.T) {
	t.Parallel()
	step := func() steps.Step { return astra.New() }
	for _, c := range []steptest.Case{
		{Name: "has nothing to say of other distributions", Step: step, Golden: "testdata/nothing.golden",
			Host: func() *hosttest.Fake { return hosttest.New() }},
		{Name: "has nothing to say where all is off", Step: step, Golden: "testdata/nothing.golden",
			Host: func() *hosttest.Fake {
				return hosttest.New(hosttest.Attribute(elfMode, "0"), hosttest.File(atBoot, "DIGSIG_ELF_MODE=0\n"),
					hosttest.File("/etc/parsec/nochmodx", "0\n"), hosttest.Attribute(maxIlev, "0"),
					hosttest.Attribute("/sys/module/parsec/parameters/strict_mode", "N"))
			}},
		{Name: "warns of what may refuse writes", Step: step, Golden: "testdata/warnings.golden",
			Host: func() *hosttest.Fake {
				return hosttest.New(hosttest.Attribute(maxIlev, "63"), hosttest.Attribute("/sys/module/parsec/parameters/strict_mode", "Y"),
					hosttest.Attribute(elfMode, "2"), hosttest.File("/usr/share/docker.io/contrib/parsec/docker-isolation", "#!/bin/sh\n"))
			}},
	} {
		steptest.Run(t, c)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		more []hosttest.Option
		want string
	}{
		"a closed software environment":              {[]hosttest.Option{hosttest.Attribute(elfMode, "1")}, "astra-digsig-control disable"},
		"an image that boots into one":               {[]hosttest.Option{hosttest.Image(), hosttest.File(atBoot, "# mode\nDIGSIG_ELF_MODE=1\n")}, atBoot + " is 1"},
		"a lock on the executable bit":               {[]hosttest.Option{hosttest.File("/parsecfs/nochmodx", "1")}, "astra-nochmodx-lock disable"},
		"a lock on the executable bit from the boot": {[]hosttest.Option{hosttest.File("/etc/parsec/nochmodx", "1\n")}, "/etc/parsec/nochmodx is 1"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			ops, err := astra.New().Plan(t.Context(), hosttest.New(c.more...))
			if _, failure := steps.Split(err); len(ops) > 0 || failure == nil || !strings.Contains(failure.Error(), c.want) {
				t.Errorf("got %v, %v, want a failure with %q", ops, err, c.want)
			}
		})
	}

	t.Run("tells all at once", func(t *testing.T) {
		t.Parallel()
		findings, err := astra.Findings(hosttest.New(hosttest.Attribute(elfMode, "1"), hosttest.File("/etc/parsec/nochmodx", "1"), hosttest.Attribute(maxIlev, "127")))
		if err != nil || len(findings) != 3 {
			t.Fatalf("got %v, %v, want three findings", findings, err)
		}
		for _, f := range findings {
			if f.What == "" || f.Why == "" || f.Remedy == "" || f.Severity == "" {
				t.Errorf("got %+v, want all of it set", f)
			}
		}
	})

	t.Run("believes the kernel rather than what the next boot sets", func(t *testing.T) {
		t.Parallel()
		findings, err := astra.Findings(hosttest.New(hosttest.Attribute(elfMode, "0"), hosttest.File(atBoot, "DIGSIG_ELF_MODE=1\n")))
		if err != nil || len(findings) != 0 {
			t.Errorf("got %v, %v, want nothing", findings, err)
		}
	})
}
