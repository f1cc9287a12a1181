//go:build node

package ocispec

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/hostler-dev/hostler/steps/host"
)

// TestRealSpec compares with what the containerd of the machine starts from.
// test/docker builds it with -tags node and runs it in the test bed.
func TestRealSpec(t *testing.T) {
	if _, err := os.Stat("/etc/testbed"); err != nil {
		t.Fatalf("this is no node of the test bed: %v", err)
	}
	h, err := host.Open("/", host.Options{StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	out, err := h.Run(t.Context(), host.Command{Argv: []string{"ctr", "oci", "spec"}})
	if err != nil {
		t.Fatal(err)
	}
	own, err := Base(nil)
	if err != nil {
		t.Fatal(err)
	}
	var want, got specs.Spec
	if err := json.Unmarshal(out.Stdout, &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(own, &got); err != nil {
		t.Fatal(err)
	}
	// Releases differ in these, and CRI sets them for each container.
	for _, spec := range []*specs.Spec{&want, &got} {
		spec.Version, spec.Linux.MaskedPaths, spec.Process.Capabilities.Inheritable = "", nil, nil
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("base specification (-containerd +ours):\n%s", diff)
	}
}
