package masks_test

import (
	"context"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/masks"
	"github.com/hostler-dev/hostler/steps/steptest"
)

// step switches one unit off.
type step struct{}

func (step) Name() string { return "off" }

func (step) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	return masks.Plan(ctx, v, masks.Unit{Name: "x.service", Why: "nobody needs it"})
}

func TestPlan(t *testing.T) {
	t.Parallel()
	const installed, static = "[Service]\n[Install]\nWantedBy=multi-user.target\n", "[Service]\n"
	machine := func(options ...hosttest.Option) func() *hosttest.Fake {
		return func() *hosttest.Fake { return hosttest.New(options...) }
	}
	for name, c := range map[string]struct {
		golden string
		host   func() *hosttest.Fake
	}{
		"makes no mask where there is no unit":       {"absent", machine()},
		"stops and masks what is enabled and runs":   {"running", machine(hosttest.UnitFile("x.service", installed), hosttest.Enabled("x.service"), hosttest.Running("x.service"))},
		"masks what only others start":               {"static", machine(hosttest.UnitFile("x.service", static))},
		"disables a unit file in etc":                {"in-etc", machine(hosttest.File("/etc/systemd/system/x.service", installed), hosttest.Enabled("x.service"), hosttest.Running("x.service"))},
		"wants nothing of what is masked":            {"absent", machine(hosttest.UnitFile("x.service", installed), hosttest.Masked("x.service"))},
		"warns of what is masked and runs":           {"masked-runs", machine(hosttest.UnitFile("x.service", installed), hosttest.Running("x.service"), hosttest.Masked("x.service"))},
		"makes the mask in an image and stops none":  {"image", machine(hosttest.Image(), hosttest.UnitFile("x.service", installed), hosttest.Enabled("x.service"))},
		"wants nothing of an image without the unit": {"absent", machine(hosttest.Image())},
	} {
		steptest.Run(t, steptest.Case{Name: name, Golden: "testdata/" + c.golden + ".golden", Host: c.host, Step: func() steps.Step { return step{} }})
	}
}
