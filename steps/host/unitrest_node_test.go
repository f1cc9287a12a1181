//go:build node

package host_test

import (
	"context"
	"os"
	"testing"

	"github.com/hostler-dev/hostler/steps/host"
)

// Units that systemd does not keep loaded are described without it. That must not
// hide what runs, and must not say more than systemd would.
func TestNodeUnitsAtRest(t *testing.T) {
	h := open(t, "/", host.Options{StateDir: t.TempDir()})
	const unitFolder = "/run/systemd/system/"
	if err := os.MkdirAll(unitFolder, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.DaemonReload(context.Background()) })

	t.Run("follows an alias of a unit that runs", func(t *testing.T) {
		const alias = unitFolder + "hostler-journal.service"
		if err := os.Symlink("/lib/systemd/system/systemd-journald.service", alias); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Remove(alias) })
		must(t, h.DaemonReload(t.Context()))
		unit, err := h.Unit(t.Context(), "hostler-journal.service")
		if err != nil || !unit.Active() || unit.UnitFileState != "alias" {
			t.Errorf("got %+v, %v, want the active unit behind the alias", unit, err)
		}
	})
	want := map[string]host.Unit{
		"a file, never started": {LoadState: "loaded", ActiveState: "inactive", SubState: "dead", UnitFileState: "static", Result: "success"},
		"no file":               {LoadState: "not-found", ActiveState: "inactive", SubState: "dead"},
	}
	for name, want := range want {
		t.Run(name, func(t *testing.T) {
			want.Name = "hostler-rest.service"
			if want.UnitFileState != "" {
				file := unitFolder + want.Name
				if err := os.WriteFile(file, []byte("[Service]\nExecStart=/bin/true\n"), 0o644); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = os.Remove(file) })
			}
			if got, err := h.Unit(t.Context(), want.Name); err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		})
	}
}
