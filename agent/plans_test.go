package agent

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/test/rootfs"
)

// TestGoldenPlans plans examples/profile.yaml, which has nearly everything in it, on the sample tree of each
// distribution. A new row needs its tree and `go test ./... -run Golden -update`.
func TestGoldenPlans(t *testing.T) {
	t.Parallel()
	profile := spec(t, "../examples/profile.yaml")
	certificate := profile.Host.OperatingSystem.CACertificates[0].PEM
	for _, name := range rootfs.Names() {
		t.Run("of "+name, func(t *testing.T) {
			t.Parallel()
			sample, err := rootfs.New(name, hosttest.Dir("/etc/hostler/keys", 0o755), hosttest.Dir("/run/crio", 0o755), hosttest.File("/run/crio/crio.sock", ""),
				hosttest.File("/etc/hostler/keys/kubernetes.asc", "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEawJp/hYJKwYBBAHaRw8BAQdAsR4IFAXJI6Xh9wh3fYaLTUXFD9CtrUcKh6xzqnYkKbA=\n-----END PGP PUBLIC KEY BLOCK-----\n"),
				hosttest.File("/etc/hostler/ca.crt", certificate), hosttest.FileWith("/etc/hostler/token", "abcdef.0123456789abcdef", host.Attr{Mode: 0o600}),
				hosttest.File("/sys/devices/system/cpu/online", "0-3\n"), hosttest.File("/proc/meminfo", "MemTotal: 16384000 kB\n"))
			if err != nil {
				t.Fatal(err)
			}
			found, err := distros.Detect(sample)
			if err != nil {
				t.Fatal(err)
			}
			machine := Machine{
				Release: found.Release, Distro: found.Distro, NodeName: "sample", CPUs: 4,
				Join: Join{APIServer: "https://10.0.0.1:6443", CAFile: "/etc/hostler/ca.crt", TokenFile: "/etc/hostler/token"},
			}
			got, err := planned(t, sample, profile, machine)
			if err != nil {
				// Facts are missing: what of the rest can be planned without them.
				got = fmt.Sprintf("refused: %v\n\nwithout the container runtime and the kubelet:\n", err)
				rest, err := planned(t, sample, withoutNode(profile), machine)
				if err != nil {
					rest = fmt.Sprintf("refused: %v\n", err)
				}
				got += rest
			}
			compareGolden(t, filepath.Join("testdata", "plans", name+".golden"), got)
		})
	}
}

// planned is what an operator would see.
func planned(t *testing.T, v host.View, revision *v1alpha1.NodeGroupRevisionSpec, machine Machine) (string, error) {
	t.Helper()
	list, err := Catalog(revision, machine)
	if err != nil {
		return "", err
	}
	plan, err := engine.MakePlan(t.Context(), v, list)
	if err != nil {
		return "", err
	}
	return planText(plan), nil
}

// withoutNode leaves the operating system.
func withoutNode(revision *v1alpha1.NodeGroupRevisionSpec) *v1alpha1.NodeGroupRevisionSpec {
	rest := revision.DeepCopy()
	rest.Host.KubernetesVersion, rest.Host.Network.CNI = "", v1alpha1.CNISpec{Type: v1alpha1.CNINotManaged}
	rest.Host.CRI = v1alpha1.CRISpec{Type: v1alpha1.CRINotManaged, NotManaged: &v1alpha1.NotManagedCRISpec{CRISocketPath: "/run/crio/crio.sock"}}
	return rest
}

// planText is a line for each op and remark. What files say is in the golden plans of their steps.
func planText(plan *engine.Plan) string {
	var text strings.Builder
	fmt.Fprintf(&text, "impact %s\n", plan.Impact())
	step := ""
	heading := func(name string) {
		if name != step {
			fmt.Fprintf(&text, "\n%s\n", name)
		}
		step = name
	}
	for _, planned := range plan.Ops {
		heading(planned.Step)
		diff := planned.Op.Diff()
		fmt.Fprintf(&text, "  %s  %s  %s", planned.Op.Key(), diff.Action, planned.Op.Impact())
		if diff.From != "" || diff.To != "" {
			fmt.Fprintf(&text, "  %s → %s", diff.From, diff.To)
		}
		text.WriteString("\n")
		for _, note := range diff.Notes {
			fmt.Fprintf(&text, "    %s\n", note)
		}
	}
	for _, remark := range plan.Waits {
		heading(remark.Step)
		fmt.Fprintf(&text, "  later: %s\n", remark.Text)
	}
	for _, remark := range plan.Warnings {
		heading(remark.Step)
		fmt.Fprintf(&text, "  warning: %s\n", remark.Text)
	}
	return text.String()
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	want, err := os.ReadFile(file)
	if err == nil && string(want) == got {
		return
	}
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Fatalf("%s was written anew: look at it and run again without -update", file)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Errorf("%s differs (-want +got):\n%s", file, cmp.Diff(string(want), got))
}
