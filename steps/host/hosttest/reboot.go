package hosttest

import (
	"context"
	"crypto/sha256"
	"fmt"
)

// Reboot implements host.UnitWriter. The machine is up again when it returns, which no real one is: the boot id is another,
// /run is empty and systemd has read all unit files. What else a boot resets (live sysctls, modules, swap, units that are not
// enabled) stays, as on a host whose files say what is live.
func (f *Fake) Reboot(context.Context) error {
	return f.change("Reboot", "", func() error {
		if err := f.live("reboot"); err != nil {
			return err
		}
		if f.held {
			return nil
		}
		f.bootID = nextBootID(f.bootID)
		if run, ok := f.root.children["run"]; ok && run.mode.IsDir() {
			clear(run.children)
		}
		f.loadUnits()
		return nil
	})
}

// nextBootID is another id for each boot, and the same in each test.
func nextBootID(last string) string {
	sum := sha256.Sum256([]byte(last))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

// HoldReboots makes the host accept reboots and stay up, as one does on which somebody has a lock against them; false takes that
// back.
func HoldReboots(held bool) Option {
	return func(f *Fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.held = held
	}
}
