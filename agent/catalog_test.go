package agent

import (
	"bytes"
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/input"
	"github.com/hostler-dev/hostler/agent/render"
	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/op"
	"github.com/hostler-dev/hostler/steps/scripts"
)

var update = flag.Bool("update", false, "write golden files, and fail")

// spec is a NodeGroup of testdata as steps are made from it.
func spec(t *testing.T, file string, edits ...func(*v1alpha1.HostSpec)) *v1alpha1.NodeGroupRevisionSpec {
	t.Helper()
	docs, err := input.ReadFiles([]string{file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	revision, err := render.Render(docs.Groups[0], docs.Configurations)
	if err != nil {
		t.Fatal(err)
	}
	for _, edit := range edits {
		edit(&revision.Spec.Host)
	}
	return &revision.Spec
}

// debian12 is a machine of that release that joins a cluster.
func debian12(t *testing.T) Machine {
	t.Helper()
	for _, release := range distros.Table() {
		if release.ID == "debian" && release.Version == "12" {
			return Machine{
				Release: &release, NodeName: "worker-1",
				Distro: distros.Distro{ID: "debian", Version: "12"},
				Join:   Join{APIServer: "https://10.0.0.1:6443", CAFile: "/etc/hostler/ca.crt", TokenFile: "/etc/hostler/token"},
			}
		}
	}
	t.Fatal("there is no row for Debian 12")
	return Machine{}
}

func names(list []steps.Step) []string {
	var out []string
	for _, step := range list {
		out = append(out, step.Name())
	}
	return out
}

func TestCatalogHasItsOrder(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		file string
		want []string
	}{
		"of a full NodeGroup": {"testdata/full.yaml", []string{
			"preflight", "unattended-upgrades", "ca-certificates", "proxy", "repositories", "time-sync", "swap", "modules", "sysctl",
			"hugepages", "blockdevices", "journald", "limits", "users", "selinux", "apparmor", "firewall", "unneeded-services", "network/link-managers",
			"files", "packages", "units", "cri/containerd", "network/cni", "kubelet",
			"configurations", "configurations/optional", "reboot",
		}},
		"without what is not asked for": {"testdata/empty.yaml", []string{
			"preflight", "unattended-upgrades", "ca-certificates", "proxy", "time-sync", "swap", "modules", "sysctl",
			"hugepages", "blockdevices", "journald", "limits", "users", "selinux", "apparmor", "firewall", "unneeded-services", "network/link-managers",
			"files", "units", "cri/containerd", "network/cni",
			"configurations", "configurations/optional", "reboot",
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list, err := Catalog(spec(t, c.file), debian12(t))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, names(list)); diff != "" {
				t.Errorf("steps differ (-want +got):\n%s", diff)
			}
		})
	}
}

// Every field of the NodeGroup must arrive at its step: the golden file shows what
// each step is given.
func TestConversionIsWhole(t *testing.T) {
	t.Parallel()
	machine := debian12(t)
	manager, err := pkgmgr.For(machine.Release.PackageManager)
	if err != nil {
		t.Fatal(err)
	}
	c := catalog{spec: &spec(t, "testdata/full.yaml").Host, machine: machine, manager: manager}
	wantedFiles, err := filesSpec(c.spec.OperatingSystem.Files)
	if err != nil {
		t.Error(err)
	}
	network, err := c.cniSpec()
	if err != nil {
		t.Error(err)
	}
	var got bytes.Buffer
	encoder := json.NewEncoder(&got)
	encoder.SetIndent("", "  ")
	err = encoder.Encode(map[string]any{
		"repositories": c.repositorySpecs(), "repositoryDirs": c.repositoryDirs(), "lockTimeout": c.lockTimeout().String(),
		"packages": c.packagesSpec(), "files": wantedFiles, "units": unitsSpec(c.spec.OperatingSystem.Units),
		"containerd": c.containerdSpec(), "cni": network, "kubelet": c.kubeletSpec(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.problems) > 0 {
		t.Errorf("got problems %v, want none", c.problems)
	}
	const golden = "testdata/full.golden.json"
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Fatalf("%s was written anew: look at it and run again without -update", golden)
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("what steps are given differs (-want +got):\n%s", diff)
	}
}

func TestConfigurationsComeAfterAllThatTheyMayNeed(t *testing.T) {
	t.Parallel()
	script := v1alpha1.Script{Check: "exit 0", Apply: "exit 0"}
	configuration := func(name string, edit func(*v1alpha1.Script)) v1alpha1.Configuration {
		c := v1alpha1.Configuration{Name: name, Script: script}
		edit(&c.Script)
		return c
	}
	revision := spec(t, "testdata/full.yaml")
	revision.Configurations = []v1alpha1.Configuration{
		configuration("zram", func(*v1alpha1.Script) {}),
		configuration("ubuntu-only", func(s *v1alpha1.Script) { s.Distros = []string{"ubuntu"} }),
		configuration("audit", func(s *v1alpha1.Script) {
			s.Distros, s.Optional, s.Impact = []string{"ubuntu", "debian/12"}, true, v1alpha1.Impact("None")
			s.Undo, s.Timeout = "exit 1", &metav1.Duration{Duration: time.Hour}
		}),
	}
	list, err := Catalog(revision, debian12(t))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"configurations", "configurations/optional", "configuration/zram", "configuration/audit", "reboot"}
	if diff := cmp.Diff(want, names(list[len(list)-len(want):])); diff != "" {
		t.Errorf("last steps (-want +got):\n%s", diff)
	}
	c := catalog{configurations: revision.Configurations, machine: debian12(t)}
	specs := []scripts.Spec{
		{Name: "zram", Check: "exit 0", Apply: "exit 0", Impact: steps.Restart, NodeName: "worker-1"},
		{Name: "audit", Check: "exit 0", Apply: "exit 0", Undo: "exit 1", Impact: steps.None, Optional: true, Timeout: time.Hour, NodeName: "worker-1"},
	}
	if diff := cmp.Diff(specs, c.scriptSpecs()); diff != "" || c.problems != nil {
		t.Errorf("problems %v; what steps are given (-want +got):\n%s", c.problems, diff)
	}
}

func TestEnumsHaveTheirPrograms(t *testing.T) {
	t.Parallel()
	for _, driver := range []v1alpha1.CgroupDriver{v1alpha1.CgroupDriverAuto, v1alpha1.CgroupDriverSystemd, v1alpha1.CgroupDriverCgroupfs} {
		if _, ok := cgroupDrivers[driver]; !ok {
			t.Errorf("cgroup driver %q has no name for containerd", driver)
		}
	}
	policies := []v1alpha1.TopologyPolicy{v1alpha1.TopologyNone, v1alpha1.TopologyBestEffort, v1alpha1.TopologyRestricted, v1alpha1.TopologySingleNumaNode}
	for _, policy := range policies {
		if topologyPolicies[policy] == "" {
			t.Errorf("topology policy %q has no name for the kubelet", policy)
		}
	}
}

func TestCatalogReportsAllProblems(t *testing.T) {
	t.Parallel()
	wrong := spec(t, "testdata/full.yaml", func(s *v1alpha1.HostSpec) {
		s.Packages.Repositories[1].Key = ""
		s.Packages.Remove = []string{"socat"} // is installed as well
		s.OperatingSystem.Files[0].Impact = "Huge"
		s.Network.CNI.Bridge.Subnet = "10.88.0.0/99"
	})
	wrong.Configurations = []v1alpha1.Configuration{{Name: "audit", Script: v1alpha1.Script{Check: "x", Apply: "x", Impact: "Some"}}}
	_, err := Catalog(wrong, debian12(t))
	if err == nil {
		t.Fatal("got no error")
	}
	for _, part := range []string{
		"spec.packages.repositories: ", "flat\": no key", "spec.packages: ", "socat",
		"spec.operatingSystem.files: /etc/motd: impact \"Huge\"", "spec.network.cni: bridge.subnet: ",
		"NodeGroupConfiguration audit: spec.impact: ",
	} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("got %v, want %q in it", err, part)
		}
	}
}

func TestCatalogNeedsTheNamesOfKubernetesPackages(t *testing.T) {
	t.Parallel()
	machine := debian12(t)
	nameless := *machine.Release
	nameless.Packages.Kubelet = ""
	machine.Release = &nameless
	_, err := Catalog(spec(t, "testdata/full.yaml"), machine)
	if err == nil || !strings.Contains(err.Error(), "spec.kubernetesVersion: hostler does not know what the packages of Kubernetes are called on Debian 12 (bookworm)") {
		t.Errorf("got %v, want the field and the release named", err)
	}
	if list, err := Catalog(spec(t, "testdata/empty.yaml"), machine); err != nil || len(list) == 0 {
		t.Errorf("got %v, want steps where Kubernetes is not asked for", err)
	}
}

func TestCatalogNeedsAPackageManager(t *testing.T) {
	t.Parallel()
	machine := debian12(t)
	other := *machine.Release
	other.PackageManager = "urpmi"
	machine.Release = &other
	if _, err := Catalog(spec(t, "testdata/empty.yaml"), machine); err == nil || !strings.Contains(err.Error(), "urpmi") {
		t.Errorf("got %v, want the package manager named", err)
	}
}

func TestRepositoriesAreForTheirDistributions(t *testing.T) {
	t.Parallel()
	machine := debian12(t)
	machine.Distro = distros.Distro{ID: "ubuntu", Version: "24.04"}
	c := catalog{spec: &spec(t, "testdata/full.yaml").Host, machine: machine}
	var got []string
	for _, r := range c.repositorySpecs() {
		got = append(got, r.Name)
	}
	// kubernetes is for Debian only, el is for another package manager.
	if diff := cmp.Diff([]string{"flat"}, got); diff != "" {
		t.Errorf("repositories differ (-want +got):\n%s", diff)
	}
}

func TestCodecKnowsEveryOp(t *testing.T) {
	t.Parallel()
	codec, err := Codec()
	if err != nil {
		t.Fatal(err)
	}
	for _, kinds := range []map[string]steps.Op{op.Kinds(), pkgmgr.Kinds(), scripts.Kinds()} {
		for name, o := range kinds {
			data, err := codec.Encode(o)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if back, err := codec.Decode(data); err != nil || !cmp.Equal(o, back) {
				t.Errorf("%s: got %v, %v; want what was encoded", name, back, err)
			}
		}
	}
}

func TestProbes(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		file string
		want []string
	}{
		"of a node judge runtime, kubelet and Node": {"testdata/full.yaml", []string{
			"containerd.service stays active", "CRI at /run/containerd/containerd.sock", "kubelet.service", "kubelet /healthz", "node worker-1 Ready", "kubelet /configz",
		}},
		"of a machine without Kubernetes judge the runtime": {"testdata/empty.yaml", []string{
			"containerd.service stays active", "CRI at /run/containerd/containerd.sock",
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, probe := range Probes(&spec(t, c.file).Host, debian12(t)) {
				got = append(got, probe.Name())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("probes differ (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFileModeKeepsTheUpperBits(t *testing.T) {
	t.Parallel()
	for bits, want := range map[uint32]fs.FileMode{
		0o644:  0o644,
		0o4755: 0o755 | fs.ModeSetuid,
		0o2775: 0o775 | fs.ModeSetgid,
		0o1777: 0o777 | fs.ModeSticky,
		0o7000: fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky,
	} {
		if got := fileMode(bits); got != want {
			t.Errorf("%o: got %v, want %v", bits, got, want)
		}
	}
}

// Who says nothing to a step has nothing taken over by it.
func TestIdle(t *testing.T) {
	t.Parallel()
	idle := Idle(&spec(t, "testdata/empty.yaml").Host)
	list, err := Catalog(spec(t, "testdata/empty.yaml"), debian12(t))
	if err != nil {
		t.Fatal(err)
	}
	busy := slices.DeleteFunc(names(list), func(name string) bool { return slices.Contains(idle, name) })
	// Swap is off unless somebody says otherwise, and there is always a runtime.
	if diff := cmp.Diff([]string{"swap", "cri/containerd"}, busy); diff != "" {
		t.Errorf("busy steps of an empty group (-want +got):\n%s", diff)
	}
	full := Idle(&spec(t, "../examples/profile.yaml").Host)
	if diff := cmp.Diff([]string{"selinux", "apparmor", "units", "preflight", "astra", "configurations", "configurations/optional"}, full); diff != "" {
		t.Errorf("idle steps of a full group (-want +got):\n%s", diff)
	}
}
