package agent

import (
	"fmt"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/scripts"
)

// scriptSpecs are the configurations that are for this machine's distribution.
func (c *catalog) scriptSpecs() []scripts.Spec {
	var specs []scripts.Spec
	for i := range c.configurations {
		configuration := &c.configurations[i]
		// One rule tells for whom a thing is, for repositories and configurations.
		serves := v1alpha1.Repository{Distros: configuration.Distros}
		if !serves.ServesDistro(c.machine.Distro.ID, c.machine.Distro.Version) {
			continue
		}
		spec, err := scriptSpec(configuration)
		c.problem("NodeGroupConfiguration "+configuration.Name, err)
		spec.NodeName = c.machine.NodeName
		specs = append(specs, spec)
	}
	return specs
}

func scriptSpec(c *v1alpha1.Configuration) (scripts.Spec, error) {
	spec := scripts.Spec{Name: c.Name, Check: c.Check, Apply: c.Apply, Undo: c.Undo, Impact: steps.Restart, Optional: c.Optional}
	if c.Timeout != nil {
		spec.Timeout = c.Timeout.Duration
	}
	if c.Impact == "" {
		return spec, nil // the default of the API, where no API server gave it
	}
	var err error
	if spec.Impact, err = steps.ParseImpact(string(c.Impact)); err != nil {
		return spec, fmt.Errorf("spec.impact: %w", err)
	}
	return spec, nil
}
