package decision

import "slices"

// Rules is how many rules Decide asks.
var Rules = len(rules)

// DecideWithout is Decide with one rule left out, to show that each is missed.
func DecideWithout(rule int) func(Observation) []Action {
	fewer := slices.Delete(slices.Clone(rules), rule, rule+1)
	return func(o Observation) []Action {
		d := look(&o)
		for _, rule := range fewer {
			rule(d)
		}
		return d.actions()
	}
}
