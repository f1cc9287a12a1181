package containerd

import (
	"testing"

	"github.com/hostler-dev/hostler/cri"
	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/distros/pkgmgr/apttest"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/packages"
	"github.com/hostler-dev/hostler/steps/steptest"
)

// TestStepWithApt runs the step with the real package ops: the package brings a
// configuration of its own, and apt keeps the one that it finds.
func TestStepWithApt(t *testing.T) {
	t.Parallel()
	debians := apttest.Package{
		Name: "containerd", Version: "1.6.20~ds1-1",
		Files: map[string]string{unitPath: unitText}, Conffiles: map[string]string{configPath: string(readTestdata(t, "debian"))},
	}
	archive := apttest.Repository{Packages: []apttest.Package{debians}}
	manager, err := pkgmgr.For(distros.Apt)
	if err != nil {
		t.Fatal(err)
	}
	install, err := packages.New("cri/containerd", packages.Spec{
		Manager: distros.Apt, Install: []packages.Package{{Name: "containerd", Version: "1.6.20", Hold: true, ChangeCost: steps.Restart}},
	})
	if err != nil {
		t.Fatal(err)
	}
	step := func() steps.Step {
		return New(Spec{Package: cri.Managed{Step: install, Manager: manager, PackageName: "containerd", Wish: "1.6.20"}})
	}
	cases := map[string]func() *hosttest.Fake{
		"apt-bare": func() *hosttest.Fake { return hosttest.New(booted(), apttest.Debian(nil, archive)) },
		"apt-installed": func() *hosttest.Fake {
			return hosttest.New(booted(), apttest.Debian([]apttest.Package{debians}, archive), hosttest.Enabled("containerd.service"), hosttest.Running("containerd.service"))
		},
		"apt-only-the-file": func() *hosttest.Fake {
			return hosttest.New(booted(), apttest.Debian(nil, archive), hosttest.File(configPath, "oom_score = -999\n"))
		},
	}
	for name, host := range cases {
		c := steptest.Case{Name: name, Step: step, Host: host, Golden: "testdata/plans/" + name + ".golden", Kinds: []map[string]steps.Op{pkgmgr.Kinds()}}
		if name != "apt-installed" {
			// The packages of apttest have no scripts, so nobody reloads systemd after
			// the unit file has gone; TestStep has a package that does.
			c.Irreversible = []string{"package:containerd"}
		}
		steptest.Run(t, c)
	}
}
