package machine

import (
	"context"
	"errors"
	"fmt"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host"
)

// agentUnit is the agent's service; see packaging/systemd.
const agentUnit = "hostler.service"

// ErrAgent is that the agent of the host would make good at once what is given back.
var ErrAgent = errors.New("the agent keeps this host")

// PlanLeave is what giving the host back takes.
func (m *Machine) PlanLeave(ctx context.Context) (*engine.LeavePlan, error) {
	return m.engine.PlanLeave(ctx)
}

// Leave gives the host back as it was before hostler; see engine.Leave. It is ErrAgent where the agent is running or starts at boot.
func (m *Machine) Leave(ctx context.Context, ceiling steps.Impact) (engine.Result, error) {
	if err := agentGone(ctx, m.host); err != nil {
		return engine.Result{}, err
	}
	return m.engine.Leave(ctx, engine.Options{Version: m.config.Version, MaxImpact: ceiling})
}

func agentGone(ctx context.Context, v host.View) error {
	unit, err := v.Unit(ctx, agentUnit)
	if err != nil {
		return err
	}
	if unit.Active() || unit.UnitFileState == "enabled" {
		return fmt.Errorf("%w: systemctl disable --now %s, then leave", ErrAgent, agentUnit)
	}
	return nil
}
