package packages_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/distros/pkgmgr/dnftest"
	"github.com/hostler-dev/hostler/distros/pkgmgr/repository"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/packages"
	"github.com/hostler-dev/hostler/steps/steptest"
)

const rpmSource = "/etc/yum.repos.d/kubernetes.repo"

var (
	rpmKubernetes = repository.Spec{Format: repository.RPM, Name: "kubernetes", URL: "https://pkgs.k8s.io/core:/stable:/v1.36/rpm/"}

	rpmKubelet35   = dnftest.Package{Name: "kubelet", Version: "1.35.4-150500.1.1", Requires: []string{"conntrack-tools"}, Files: map[string]string{"/usr/bin/kubelet": "1.35.4"}}
	rpmKubelet36   = dnftest.Package{Name: "kubelet", Version: "1.36.3-150500.1.1", Requires: []string{"conntrack-tools"}, Files: map[string]string{"/usr/bin/kubelet": "1.36.3"}}
	rpmConntrack   = dnftest.Package{Name: "conntrack-tools", Version: "1.4.7-4.el9_5"}
	rpmConntrack0  = dnftest.Package{Name: "conntrack-tools", Version: "1.4.4-7.el9"}
	rpmDocker      = dnftest.Package{Name: "docker-ce", Version: "3:28.3.3-1.el9", Requires: []string{"containerd.io"}, Files: map[string]string{"/usr/bin/dockerd": "28.3.3"}}
	rpmDocker27    = dnftest.Package{Name: "docker-ce", Version: "3:27.5.1-1.el9", Requires: []string{"containerd.io"}, Files: map[string]string{"/usr/bin/dockerd": "27.5.1"}}
	rpmContainerd  = dnftest.Package{Name: "containerd.io", Version: "2.1.9-3.1.el9"}
	rpmFirewalld   = dnftest.Package{Name: "firewalld", Version: "1.3.4-7.el9", Files: map[string]string{"/usr/bin/firewall-cmd": "x"}}
	rpmFirewallGUI = dnftest.Package{Name: "firewall-config", Version: "1.3.4-7.el9", Requires: []string{"firewalld"}}

	rpmArchive = dnftest.Repository{ID: "appstream", Packages: []dnftest.Package{rpmConntrack, rpmConntrack0, rpmDocker, rpmDocker27, rpmContainerd, rpmFirewalld, rpmFirewallGUI}}
	rpmPkgs    = dnftest.Repository{ID: "kubernetes", Source: rpmSource, Packages: []dnftest.Package{rpmKubelet35, rpmKubelet36}}
)

// rpmNode is a wish in which versions are as people write them: without release, epoch
// and tag of the distribution.
func rpmNode(d dnftest.Distribution) packages.Spec {
	return packages.Spec{
		Manager: d.Manager, Repositories: []repository.Spec{rpmKubernetes},
		Install: []packages.Package{
			{Name: "docker-ce", Version: "28.3.3", Hold: true, ChangeCost: steps.Restart},
			{Name: "kubelet", Version: "1.36.3", Hold: true},
		},
		Remove: []string{"firewalld"},
	}
}

type rpmCase struct {
	golden       string
	host         func() *hosttest.Fake
	spec         packages.Spec
	irreversible []string
}

func TestStepOnRPMHosts(t *testing.T) {
	all := []dnftest.Package{rpmDocker, rpmContainerd, rpmKubelet36, rpmConntrack}
	described := hosttest.File(rpmSource, "[kubernetes]\nname=kubernetes\nexclude=kubelet kubeadm kubectl\n")
	for _, d := range []dnftest.Distribution{dnftest.EL9, dnftest.EL7} {
		held, fetched := d.Held("docker-ce", "kubelet"), d.Fetched("kubernetes")
		on := func(installed []dnftest.Package, more ...hosttest.Option) func() *hosttest.Fake {
			return func() *hosttest.Fake {
				return hosttest.New(append([]hosttest.Option{d.Host(installed, rpmArchive, rpmPkgs)}, more...)...)
			}
		}
		older := packages.Spec{Manager: d.Manager, Install: []packages.Package{{Name: "kubelet", Version: "1.35.4", Hold: true}}}
		newer := rpmNode(d)
		newer.Repositories, newer.Install = nil, newer.Install[1:]
		cases := map[string]rpmCase{
			"installs and holds what is not there":    {"bare", on(nil, described, fetched), rpmNode(d), nil},
			"leaves what is installed and held alone": {"converged", on(all, held), rpmNode(d), nil},
			"upgrades, and keeps the hold": {"upgrade", on([]dnftest.Package{rpmDocker27, rpmContainerd, rpmKubelet35, rpmConntrack}, described, fetched, held),
				rpmNode(d), nil},
			"goes back to an older version":         {"downgrade", on(all, described, fetched, held), older, nil},
			"upgrades what a stale lock would hide": {"stale-lock", on([]dnftest.Package{rpmKubelet35, rpmConntrack}, described, fetched, d.Locked("kubelet", "1.34.1-150500.1.1")), newer, nil},
			"holds by excludes where the plugin is not there": {"excludes", on([]dnftest.Package{rpmKubelet35, rpmConntrack}, described, fetched, hosttest.Absent(d.LockConfig)),
				newer, nil},
			"removes what must not be there, and says what goes with it": {"remove", on(append([]dnftest.Package{rpmFirewalld, rpmFirewallGUI}, all...), held), rpmNode(d), nil},
			"puts a hold back that somebody took off":                    {"unheld", on(all, d.Held("docker-ce")), rpmNode(d), nil},
			"refreshes all lists for a version that they lack":           {"stale", on([]dnftest.Package{rpmConntrack}, described), newer, nil},
			"finishes interrupted work first": {"interrupted", on([]dnftest.Package{rpmDocker, rpmContainerd, rpmConntrack0}, described, fetched, d.Interrupted(rpmConntrack)),
				rpmNode(d), []string{"package-database"}},
		}
		if d.Name == dnftest.EL7.Name { // where yum has ways of its own
			maps.DeleteFunc(cases, func(_ string, c rpmCase) bool {
				return !slices.Contains([]string{"bare", "downgrade", "stale-lock", "interrupted"}, c.golden)
			})
		}
		for name, c := range cases {
			steptest.Run(t, steptest.Case{
				Name: d.Name + ": " + name, Golden: "testdata/" + strings.ToLower(d.Name) + "/" + c.golden + ".golden", Host: c.host,
				Step:         func() steps.Step { return newStep(t, c.spec) },
				Kinds:        []map[string]steps.Op{pkgmgr.Kinds()},
				Irreversible: c.irreversible,
			})
		}
	}
}

// TestConvergedRPMHostAsksNoRepository: it takes rpm, and where dnf noted something dnf.
func TestConvergedRPMHostAsksNoRepository(t *testing.T) {
	t.Parallel()
	for _, d := range []dnftest.Distribution{dnftest.EL9, dnftest.EL7} {
		f := hosttest.New(d.Host([]dnftest.Package{rpmDocker, rpmContainerd, rpmKubelet36, rpmConntrack}, rpmArchive), d.Held("docker-ce", "kubelet"))
		f.Change(hosttest.Handle(string(d.Manager), nil)) // calling it would end the test
		if ops, err := newStep(t, rpmNode(d)).Plan(t.Context(), f); len(ops) > 0 || err != nil {
			t.Errorf("%s: got %v, %v want nothing to do", d.Name, ops, err)
		}
	}
}
