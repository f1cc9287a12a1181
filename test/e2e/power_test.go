//go:build cluster

package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hostler-dev/hostler/test/cluster"
)

// TestPowerCut pulls the plug while dpkg is at work, and while the last ops run.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	m := boot(t, cluster.NodeConfig{Name: "unplugged"}, binaries.plain)
	m.give(t, systemGroup(t))
	for _, key := range []string{"package:containerd", "unit:containerd.service"} {
		t.Run("an apply that was cut short in "+key+" is gone on with", func(t *testing.T) {
			m.cutPowerIn(t, key)
			must(t, m.Start(t.Context()))
			r := m.wantHostler(t, 0, "apply", "-f", groupFile)
			if !strings.Contains(r.stderr, "was cut short and goes on") {
				t.Errorf("apply does not say that it goes on: %s", r)
			}
			m.converged(t)
			if audit := m.output(t, "dpkg", "--audit"); audit != "" {
				t.Errorf("dpkg --audit: %s", audit)
			}
			if left := m.leftovers(t); left != "" {
				t.Errorf("temporary files are left: %s", left)
			}
			m.wantHostler(t, 0, "rollback")
		})
	}
}

// cutPowerIn starts an apply and cuts the power when its journal says that an op begins.
func (m machine) cutPowerIn(t *testing.T, key string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	begun := fmt.Sprintf(`grep -qs '"type":"do".*"key":"%s"' %s/runs/%d/journal`, key, stateDir, len(m.runs(t))+1)
	cmd, err := m.Command(ctx, hostlerPath, "apply", "-f", groupFile)
	must(t, err)
	must(t, cmd.Start())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // the power cut ends it
	}()
	for ticker := time.Tick(20 * time.Millisecond); ; {
		if _, err := m.Shell(ctx, begun); err == nil {
			break
		}
		select {
		case <-ended:
			t.Fatalf("apply ended before %s began", key)
		case <-ctx.Done():
			t.Fatalf("waiting for %s: %v", key, ctx.Err())
		case <-ticker:
		}
	}
	must(t, m.PowerCut(ctx))
	<-ended
}
