package v1alpha1

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

const (
	// maxWeight is the CRD's.
	maxWeight = 10_000
	// maxScriptBytes keeps a revision, with the scripts of several configurations in it, below the 1.5 MiB that etcd takes.
	maxScriptBytes = 256 << 10
	// maxScriptTimeout leaves a script and the check after it within the 20 minutes that the engine gives an op.
	maxScriptTimeout = 15 * time.Minute
)

// Validate reports everything that is wrong with a configuration, by path; nothing means that it may be applied. It must
// have its defaults (SetDefaults).
func (c *NodeGroupConfiguration) Validate() field.ErrorList {
	check := &checker{}
	check.metadata(NodeGroupConfigurationKind, &c.ObjectMeta)
	check.dnsLabel(field.NewPath("metadata", "name"), c.Name)
	spec := field.NewPath("spec")
	if weight := c.Spec.Weight; weight != nil && (*weight < 0 || *weight > maxWeight) {
		check.invalid(spec.Child("weight"), *weight, "must be from 0 to %d", maxWeight)
	}
	check.groups(spec.Child("nodeGroups"), c.Spec.NodeGroups)
	check.script(spec, &c.Spec.Script)
	return check.errs
}

func (c *checker) groups(p *field.Path, groups []string) {
	names := c.unique()
	for i, group := range groups {
		names(p.Index(i), group)
		switch group {
		case "":
			c.require(p.Index(i), "the name of a NodeGroup, or * for all")
		case AllGroups:
		default:
			c.dnsLabel(p.Index(i), group)
		}
	}
}

func (c *checker) script(p *field.Path, s *Script) {
	c.distros(p.Child("distros"), s.Distros)
	if strings.TrimSpace(s.Check) == "" {
		c.require(p.Child("check"), "a script that exits with 0 where nothing is left to do")
	}
	if strings.TrimSpace(s.Apply) == "" {
		c.require(p.Child("apply"), "a script that does what check found missing")
	}
	c.scriptText(p.Child("check"), s.Check)
	c.scriptText(p.Child("apply"), s.Apply)
	c.scriptText(p.Child("undo"), s.Undo)
	oneOf(c, p.Child("impact"), s.Impact, ImpactNone, ImpactReload, ImpactRestart, ImpactDrain, ImpactReboot)
	c.positiveDuration(p.Child("timeout"), s.Timeout)
	if s.Timeout != nil && s.Timeout.Duration > maxScriptTimeout {
		c.invalid(p.Child("timeout"), s.Timeout.Duration.String(), "must be at most %s", maxScriptTimeout)
	}
}

func (c *checker) scriptText(p *field.Path, text string) {
	if len(text) > maxScriptBytes {
		c.forbid(p, "must be at most 256 KiB: put more than that into a package or a file on the machine")
	}
	c.noPrivateKey(p, text)
}
