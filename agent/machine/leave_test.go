package machine

import (
	"errors"
	"testing"

	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

func TestLeaveNeedsTheAgentGone(t *testing.T) {
	t.Parallel()
	unit := hosttest.UnitFile(agentUnit, "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n")
	for name, c := range map[string]struct {
		host    *hosttest.Fake
		refused bool
	}{
		"no agent":                    {hosttest.New(), false},
		"installed, switched off":     {hosttest.New(unit), false},
		"running":                     {hosttest.New(unit, hosttest.Running(agentUnit)), true},
		"starts at boot":              {hosttest.New(unit, hosttest.Enabled(agentUnit)), true},
		"starts when the image boots": {hosttest.New(hosttest.Image(), unit, hosttest.Enabled(agentUnit)), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := agentGone(t.Context(), c.host); errors.Is(err, ErrAgent) != c.refused || err != nil && !c.refused {
				t.Errorf("got %v, want it refused: %v", err, c.refused)
			}
		})
	}
}
