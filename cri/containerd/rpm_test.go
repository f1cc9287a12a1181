package containerd

import (
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/cri"
	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/distros/pkgmgr/dnftest"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/packages"
	"github.com/hostler-dev/hostler/steps/steptest"
)

// dockersConfig is the part of the file in Docker's package that matters: without the
// CRI no kubelet can use it.
const dockersConfig = "disabled_plugins = [\"cri\"]\n"

// TestStepWithDnfAndYum: Docker's package takes the place of the distribution's runc, and
// starts nothing.
func TestStepWithDnfAndYum(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		dnftest.Distribution
		tag, wish, version, older string
	}{
		{dnftest.EL9, ".el9", "2.1.9", "2.1.9-3.1.el9", "1.7.27-3.1.el9"},
		{dnftest.EL7, ".el7", "1.6.33", "1.6.33-3.1.el7", "1.6.28-3.1.el7"}, // Docker's last for it
	} {
		docker := func(version string) dnftest.Package {
			return dnftest.Package{
				Name: "containerd.io", Version: version, Obsoletes: []string{"runc"},
				Files: map[string]string{unitPath: unitText}, Configs: map[string]string{configPath: dockersConfig},
			}
		}
		now, before := docker(c.version), docker(c.older)
		runc := dnftest.Package{Name: "runc", Version: "4:1.1.12-4" + c.tag}
		world := []dnftest.Repository{{ID: "docker-ce-stable", Packages: []dnftest.Package{now, before}}, {ID: "appstream", Packages: []dnftest.Package{runc}}}
		on := func(installed []dnftest.Package, more ...hosttest.Option) func() *hosttest.Fake {
			return func() *hosttest.Fake {
				return hosttest.New(append([]hosttest.Option{booted(), c.Host(installed, world...)}, more...)...)
			}
		}
		runs := func(f *hosttest.Fake) {
			f.Change(hosttest.Enabled("containerd.service"), hosttest.Running("containerd.service"))
		}
		for golden, host := range map[string]func() *hosttest.Fake{
			"bare":      on([]dnftest.Package{runc}),
			"installed": on([]dnftest.Package{now}, runs),
			"upgrade":   on([]dnftest.Package{before}, runs, c.Held("containerd.io"), hosttest.File(configPath, converged(t, c.older[:3]))),
		} {
			kase := steptest.Case{
				Name: c.Name + ": " + golden, Host: host, Golden: "testdata/plans/" + strings.ToLower(c.Name) + "-" + golden + ".golden",
				Step: func() steps.Step { return rpmStep(t, c.Distribution, c.wish) }, Kinds: []map[string]steps.Op{pkgmgr.Kinds()},
			}
			if golden == "bare" {
				// The packages of dnftest have no scripts: as in TestStepWithApt.
				kase.Irreversible = []string{"package:containerd.io"}
			}
			steptest.Run(t, kase)
		}
	}
}

func rpmStep(t *testing.T, d dnftest.Distribution, wish string) steps.Step {
	t.Helper()
	manager, err := pkgmgr.For(d.Manager)
	if err != nil {
		t.Fatal(err)
	}
	install, err := packages.New("cri/containerd", packages.Spec{
		Manager: d.Manager, Install: []packages.Package{{Name: "containerd.io", Version: wish, Hold: true, ChangeCost: steps.Restart}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return New(Spec{Package: cri.Managed{Step: install, Manager: manager, PackageName: "containerd.io", Wish: wish}})
}
