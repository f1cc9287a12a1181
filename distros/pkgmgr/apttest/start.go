package apttest

import (
	"path"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

const policyPath = "/usr/sbin/policy-rc.d"

// start is what a package's script does with its service: it asks the policy first.
func start(f *hosttest.Fake, cmd host.Command, p Package) {
	if p.Starts == "" || forbidden(f, cmd, p.Starts) {
		return
	}
	f.Change(hosttest.File(path.Join(StartedDir, p.Starts), ""))
}

// forbidden understands two policies: one that looks for units in a variable, as
// hostler's, and one that forbids everything.
func forbidden(f *hosttest.Fake, cmd host.Command, unit string) bool {
	const variable = "HOSTLER_NO_START"
	policy := f.Content(policyPath)
	if !strings.Contains(policy, variable) {
		return strings.Contains(policy, "exit 101")
	}
	return slices.ContainsFunc(cmd.Env, func(setting string) bool {
		units, found := strings.CutPrefix(setting, variable+"=")
		return found && slices.Contains(strings.Fields(units), unit)
	})
}
