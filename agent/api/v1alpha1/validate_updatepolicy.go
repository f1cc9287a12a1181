package v1alpha1

import "k8s.io/apimachinery/pkg/util/validation/field"

// Validate reports everything that is wrong with the policy, by path; nothing means that it may be applied. It must have
// its defaults (SetDefaults).
func (p *UpdatePolicy) Validate() field.ErrorList {
	c := &checker{}
	c.metadata(UpdatePolicyKind, &p.ObjectMeta)
	if p.Name != "" && p.Name != UpdatePolicyName {
		c.invalid(field.NewPath("metadata", "name"), p.Name, "must be %s: there is one UpdatePolicy for the whole cluster", UpdatePolicyName)
	}
	spec := field.NewPath("spec")
	c.count(spec.Child("maxUnavailable"), p.Spec.MaxUnavailable)
	c.windows(spec.Child("windows"), p.Spec.Windows)
	c.exclusions(spec.Child("exclusions"), p.Spec.Exclusions)
	return c.errs
}
