// Package steptest proves what every step must be, so that a step's own tests
// need only say what it should want.
//
// For a step on a given host, Run checks that
//
//   - planning leaves the host untouched and answers the same twice,
//   - the plan, as text, is the golden one,
//   - every op and its inverse survive the journal,
//   - apply converges, and a second plan is empty,
//   - when any single edit fails, before or after it had its effect, the host
//     is as it was before: contents, modes, owners, created folders, live values,
//   - when the process dies at any moment, the next apply converges, and a
//     rollback in its place gives the host back as it was.
//
// Everything runs on the host in memory, in milliseconds and without root.
package steptest

import (
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

// Case is a step on a host.
type Case struct {
	// Name is a sentence: "enables what is disabled".
	Name string
	// Step makes the step; it is called for each plan.
	Step func() steps.Step
	// Host makes the host as it is before; it is called for each run.
	Host func() *hosttest.Fake
	// Golden is a file with the plan as text; empty: not compared. `go test
	// -update` writes it, and still fails, so that nobody forgets to look.
	Golden string
	// Kinds are the kinds of ops beside those of package op, for the journal.
	Kinds []map[string]steps.Op
	// Irreversible are the keys of ops that may lack an inverse. With one of
	// them in the plan the host need not come back as it was.
	Irreversible []string
}

// Run proves the step as a subtest.
func Run(t *testing.T, c Case) {
	t.Helper()
	t.Run(c.Name, func(t *testing.T) {
		t.Parallel()
		for _, finding := range Check(c, t.TempDir) {
			t.Error(finding)
		}
		if c.Golden != "" && !t.Failed() {
			compareGolden(t, c)
		}
	})
}
