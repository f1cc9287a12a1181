//go:build cluster

package e2e

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/test/cluster"
)

// TestPackage installs hostler's deb and gets rid of it again.
func TestPackage(t *testing.T) {
	t.Parallel()
	deb := buildDeb(t)
	node, err := shared.Node(t.Context(), cluster.NodeConfig{Name: "packaged"})
	must(t, err)
	m := machine{node}
	must(t, m.CopyIn(t.Context(), deb, "/root/hostler.deb"))
	bare := m.look(t)

	m.output(t, "dpkg", "-i", "/root/hostler.deb")
	if got := m.output(t, "hostler", "version"); !strings.HasPrefix(got, "hostler ") {
		t.Errorf("hostler version: got %q", got)
	}
	if version, installed := m.output(t, "hostler", "version"), m.output(t, "dpkg-query", "-W", "-f", "${Version}", "hostler"); !strings.Contains(version, installed) {
		t.Errorf("hostler says %q, and dpkg that it is of version %s", version, installed)
	}
	m.shell(t, "mkdir -p "+stateDir+"/runs/1; touch "+stateDir+"/runs/1/journal") // as a run leaves it

	t.Run("removed, it leaves its state", func(t *testing.T) {
		m.output(t, "dpkg", "--remove", "hostler")
		if out, err := m.Output(t.Context(), "which", "hostler"); err == nil {
			t.Errorf("there is still %s", out)
		}
		m.output(t, "stat", stateDir+"/runs/1/journal")
	})
	t.Run("purged, it leaves nothing", func(t *testing.T) {
		m.output(t, "dpkg", "--purge", "hostler")
		wantSame(t, "the machine", bare, m.look(t), leftByPackages...)
		if out, err := m.Output(t.Context(), "stat", stateDir); err == nil {
			t.Errorf("there is still %s: %s", stateDir, out)
		}
	})
}

// buildDeb makes the deb as a release does.
func buildDeb(t *testing.T) string {
	t.Helper()
	dist := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "make", "--no-print-directory", "deb", "DIST="+dist)
	cmd.Dir = checkout
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make deb: %v\n%s", err, out)
	}
	debs, err := filepath.Glob(filepath.Join(dist, "*.deb"))
	if err != nil || len(debs) != 1 {
		t.Fatal(errors.Join(fmt.Errorf("got packages %q, want one", debs), err))
	}
	return debs[0]
}
