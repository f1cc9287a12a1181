package packages_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/distros/pkgmgr/apttest"
	"github.com/hostler-dev/hostler/distros/pkgmgr/repository"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/packages"
	"github.com/hostler-dev/hostler/steps/steptest"
)

var (
	dirs       = repository.Dirs{Sources: "/etc/apt/sources.list.d", Keys: "/etc/apt/keyrings"}
	kubernetes = repository.Spec{Name: "kubernetes", URL: "https://pkgs.k8s.io/core:/stable:/v1.36/deb", Suite: "/"}

	kubelet35   = apttest.Package{Name: "kubelet", Version: "1.35.4-1.1", Depends: []string{"conntrack"}, Files: map[string]string{"/usr/bin/kubelet": "1.35.4"}}
	kubelet36   = apttest.Package{Name: "kubelet", Version: "1.36.3-1.1", Depends: []string{"conntrack"}, Files: map[string]string{"/usr/bin/kubelet": "1.36.3"}}
	conntrack   = apttest.Package{Name: "conntrack", Version: "1:1.4.7-1"}
	containerd  = apttest.Package{Name: "containerd", Version: "1.6.20~ds1-1+deb12u3", Depends: []string{"runc"}, Conffiles: map[string]string{"/etc/containerd/config.toml": "version = 2\n"}}
	containerd5 = apttest.Package{Name: "containerd", Version: "1.6.20~ds1-1", Depends: []string{"runc"}, Conffiles: map[string]string{"/etc/containerd/config.toml": "version = 2\n"}}
	runc        = apttest.Package{Name: "runc", Version: "1.1.5+ds1-1+deb12u1"}
	ufw         = apttest.Package{Name: "ufw", Version: "0.36.2-1", Files: map[string]string{"/usr/bin/ufw": "x"}}
	gufw        = apttest.Package{Name: "gufw", Version: "22.04", Depends: []string{"ufw"}}

	// What the distribution publishes is fetched already.
	archive = apttest.Repository{Packages: []apttest.Package{containerd, containerd5, runc, conntrack, ufw, gufw}}
	// pkgs is there for hosts that describe it.
	pkgs = apttest.Repository{Source: kubernetes.SourcePath(dirs), Lists: kubernetes.Lists(), Packages: []apttest.Package{kubelet35, kubelet36}}
)

func debian(installed []apttest.Package, more ...hosttest.Option) *hosttest.Fake {
	return hosttest.New(append([]hosttest.Option{apttest.Debian(installed, archive, pkgs)}, more...)...)
}

func described() hosttest.Option {
	return hosttest.File(kubernetes.SourcePath(dirs), "deb …\n")
}

func fetched() hosttest.Option {
	return hosttest.File("/var/lib/apt/lists/"+kubernetes.Lists().Prefix+"InRelease", "signed\n")
}

func node() packages.Spec {
	return packages.Spec{
		Manager: distros.Apt, Repositories: []repository.Spec{kubernetes},
		Install: []packages.Package{
			{Name: "containerd", Version: "1.6.20", Hold: true, ChangeCost: steps.Restart},
			{Name: "kubelet", Version: "1.36.3", Hold: true},
		},
		Remove: []string{"ufw"},
	}
}

func newStep(t *testing.T, spec packages.Spec) packages.Step {
	t.Helper()
	step, err := packages.New("packages", spec)
	if err != nil {
		t.Fatal(err)
	}
	return step
}

func TestStep(t *testing.T) {
	all := []apttest.Package{containerd, runc, kubelet36, conntrack}
	held := apttest.Held("containerd", "kubelet")
	exact := node()
	exact.Install[0].Version = containerd.Version
	newer := node()
	newer.Repositories, newer.Install = nil, newer.Install[1:]
	cases := map[string]struct {
		golden       string
		host         func() *hosttest.Fake
		spec         packages.Spec
		irreversible []string
	}{
		"installs and holds what is not there": {"bare", func() *hosttest.Fake { return debian(nil, described(), fetched()) }, node(), nil},
		"leaves what is installed and held alone": {"converged", func() *hosttest.Fake {
			return debian(all, held)
		}, node(), nil},
		"upgrades, and keeps the hold": {"upgrade", func() *hosttest.Fake {
			return debian([]apttest.Package{containerd5, runc, kubelet35, conntrack}, described(), fetched(), held)
		}, exact, nil},
		"goes back to an older version": {"downgrade", func() *hosttest.Fake {
			return debian(all, described(), fetched(), held)
		}, packages.Spec{Manager: distros.Apt, Install: []packages.Package{{Name: "kubelet", Version: "1.35.4-1.1", Hold: true}}}, nil},
		"removes what must not be there, and says what goes with it": {"remove", func() *hosttest.Fake {
			return debian(append([]apttest.Package{ufw, gufw}, all...), held)
		}, node(), nil},
		"puts a hold back that somebody took off": {"unheld", func() *hosttest.Fake {
			return debian(all, apttest.Held("containerd"))
		}, node(), nil},
		"refreshes all lists for a version that they lack": {"stale", func() *hosttest.Fake {
			return debian([]apttest.Package{conntrack}, described())
		}, newer, nil},
		"refreshes all lists for dependencies that are in none": {"dependencies", func() *hosttest.Fake {
			const source = "/etc/apt/sources.list"
			mirror := apttest.Repository{Source: source, Lists: repository.Lists{Prefix: "mirror_dists_bookworm_"}, Packages: archive.Packages}
			return hosttest.New(apttest.Debian(nil, mirror, pkgs), hosttest.File(source, "deb …\n"), described(), fetched())
		}, packages.Spec{Manager: distros.Apt, Repositories: []repository.Spec{kubernetes}, Install: []packages.Package{{Name: "kubelet", Version: "1.36.3"}}}, nil},
		"finishes interrupted work first": {"interrupted", func() *hosttest.Fake {
			return debian([]apttest.Package{containerd, runc, conntrack}, described(), fetched(), apttest.Interrupted("conntrack"))
		}, node(), []string{"package-database"}},
	}
	for name, c := range cases {
		steptest.Run(t, steptest.Case{
			Name: name, Golden: "testdata/" + c.golden + ".golden", Host: c.host,
			Step:         func() steps.Step { return newStep(t, c.spec) },
			Kinds:        []map[string]steps.Op{pkgmgr.Kinds()},
			Irreversible: c.irreversible,
		})
	}
}

func TestVersionsOfARepositoryToComeAreLookedUpLater(t *testing.T) {
	t.Parallel()
	ops, err := newStep(t, node()).Plan(t.Context(), debian(nil))
	remarks, failure := steps.Split(err)
	if failure != nil || len(remarks) != 1 || remarks[0].Kind != steps.RemarkLater || !strings.Contains(remarks[0].Text, "kubelet 1.36.3") {
		t.Fatalf("got remarks %v, failure %v want one that the kubelet comes later", remarks, failure)
	}
	var got []string
	for _, op := range ops {
		got = append(got, op.Diff().Action+" "+op.Key()+" "+op.Diff().To)
	}
	want := "install package:containerd 1.6.20~ds1-1+deb12u3; install package:kubelet 1.36.3; hold package-hold:containerd ; hold package-hold:kubelet "
	if strings.Join(got, "; ") != want {
		t.Errorf("got %q want %q", strings.Join(got, "; "), want)
	}
}

func TestPlanSaysWhenThereIsNoWayBack(t *testing.T) {
	t.Parallel()
	newer := apttest.Repository{Packages: []apttest.Package{kubelet36, conntrack}}
	wish := packages.Spec{Manager: distros.Apt, Install: []packages.Package{{Name: "kubelet", Version: "1.36.3"}}}
	for name, c := range map[string]struct {
		more hosttest.Option
		want bool
	}{
		"no archive, and no repository that has it": {hosttest.Absent("/nothing"), true},
		"the archive in the cache":                  {hosttest.File(apttest.Archive("kubelet", kubelet35.Version), "an archive"), false},
	} {
		f := hosttest.New(apttest.Debian([]apttest.Package{kubelet35, conntrack}, newer), c.more)
		ops, err := newStep(t, wish).Plan(t.Context(), f)
		if err != nil || len(ops) != 1 {
			t.Fatalf("%s: got %v, %v want one installation", name, ops, err)
		}
		notes := strings.Join(ops[0].Diff().Notes, "; ")
		if got := strings.Contains(notes, "there is no way back: kubelet 1.35.4-1.1"); got != c.want {
			t.Errorf("%s: got notes %q want them to say that there is no way back: %t", name, notes, c.want)
		}
	}
}

// TestUnitsThatStepsStartAreNamed: to the installation, and to the repair before it.
func TestUnitsThatStepsStartAreNamed(t *testing.T) {
	t.Parallel()
	f := debian([]apttest.Package{conntrack}, described(), fetched(), apttest.Interrupted("conntrack"))
	wish := packages.Spec{Manager: distros.Apt, Install: []packages.Package{{Name: "kubelet", NoStart: []string{"kubelet.service"}}, {Name: "runc"}}}
	ops, err := newStep(t, wish).Plan(t.Context(), f)
	if err != nil || len(ops) != 3 {
		t.Fatalf("got %v, %v want a repair and two installations", ops, err)
	}
	repair, kubelet, other := ops[0].(pkgmgr.Repair), ops[1].(pkgmgr.Install), ops[2].(pkgmgr.Install)
	if len(repair.NoStart) != 1 || len(kubelet.NoStart) != 1 || len(other.NoStart) != 0 {
		t.Errorf("got %v, %v, %v want the kubelet's unit for the repair and the kubelet", repair.NoStart, kubelet.NoStart, other.NoStart)
	}
}

func TestImagesAreToldWhatToBringAlong(t *testing.T) {
	t.Parallel()
	images := map[string]*hosttest.Fake{
		"an empty folder":      hosttest.New(hosttest.Image()),
		"one with other parts": debian([]apttest.Package{ufw, containerd, runc}, hosttest.Image()),
	}
	want := map[string][]string{
		"an empty folder":      {"install containerd 1.6.20", "install kubelet 1.36.3"},
		"one with other parts": {"install kubelet 1.36.3", "leave ufw out"},
	}
	for name, image := range images {
		ops, err := newStep(t, node()).Plan(t.Context(), image)
		remarks, failure := steps.Split(err)
		if len(ops) > 0 || failure != nil || len(remarks) != len(want[name]) {
			t.Fatalf("%s: got ops %v, remarks %v, failure %v want remarks on %v", name, ops, remarks, failure, want[name])
		}
		for i, remark := range remarks {
			if remark.Kind != steps.RemarkWarning || !strings.Contains(remark.Text, want[name][i]) {
				t.Errorf("%s: got %q want a warning with %q", name, remark.Text, want[name][i])
			}
		}
	}
}

func TestPlanRefusesWhatCannotBeInstalled(t *testing.T) {
	t.Parallel()
	f := hosttest.New(apttest.Debian(nil, apttest.Repository{Packages: []apttest.Package{kubelet36}}),
		hosttest.File("/var/lib/apt/lists/mirror_dists_bookworm_InRelease", "signed\n"))
	spec := packages.Spec{Manager: distros.Apt, Install: []packages.Package{{Name: "kubelet", Version: "1.36.3"}}}
	_, err := newStep(t, spec).Plan(t.Context(), f)
	if !errors.Is(err, pkgmgr.ErrBroken) || !strings.Contains(err.Error(), "Depends: conntrack") {
		t.Errorf("got %v want ErrBroken that names the dependency", err)
	}
}

func TestConvergedHostStartsNoProgram(t *testing.T) {
	t.Parallel()
	f := debian([]apttest.Package{containerd, runc, kubelet36, conntrack}, apttest.Held("containerd", "kubelet"))
	for _, program := range []string{"apt-get", "apt-cache", "apt-mark", "dpkg"} {
		f.Change(hosttest.Handle(program, nil)) // calling it would end the test
	}
	if ops, err := newStep(t, node()).Plan(t.Context(), f); len(ops) > 0 || err != nil {
		t.Errorf("got %v, %v want nothing to do", ops, err)
	}
}

func TestNewReportsAllMistakes(t *testing.T) {
	t.Parallel()
	_, err := packages.New("packages", packages.Spec{Manager: distros.Apt,
		Install: []packages.Package{{Name: "kubelet"}, {Name: "a b"}, {Name: "runc", Version: "1 2"}, {Name: "--purge"}}, Remove: []string{"kubelet", ""}})
	for _, want := range []string{`"a b"`, "holds blanks", `"--purge"`, `"kubelet": named twice`, `"": not a package name`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v want it to say %q", err, want)
		}
	}
	if _, err := packages.New("packages", packages.Spec{Manager: "pacman"}); err == nil {
		t.Error("got no error for a package manager that is not supported")
	}
}
