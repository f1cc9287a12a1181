package pkgmgr

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps/host"
)

// policyPath is the program that invoke-rc.d(8) and deb-systemd-invoke(1p) ask
// before a package's script starts, stops or restarts a service. They know no
// other place and no setting for it.
const policyPath = "/usr/sbin/policy-rc.d"

// noStartVariable holds the units that a transaction's scripts must leave alone.
const noStartVariable = "HOSTLER_NO_START"

// policyScript forbids (101) what concerns a unit of noStartVariable and allows all
// else. The variable is set for hostler's own transaction alone and comes down to the
// scripts, so that a file that a killed hostler leaves behind forbids nobody
// anything. Both callers give the unit among the arguments, one without its suffix.
const policyScript = `#!/bin/sh
# Made by hostler while it installs packages, and removed afterwards.
# It says no only within that installation, so it is safe to remove and to leave.
for unit in $` + noStartVariable + `; do
	for argument in "$@"; do
		case "$argument" in
		"$unit" | "${unit%.service}") exit 101 ;;
		esac
	done
done
exit 0
`

// serviceStarter is a Manager whose packages start their services themselves. Those of
// rpm do so only where the distribution's presets enable the unit and a person starts it.
type serviceStarter interface {
	// withoutStarts acts with a host on which package scripts leave the units alone.
	withoutStarts(ctx context.Context, h host.Host, units []string, act func(host.Host) error) error
}

// withoutStarts leaves the policy of an administrator alone: then it is that which
// decides. What an earlier hostler left behind goes, whatever there is to do.
func (apt) withoutStarts(ctx context.Context, h host.Host, units []string, act func(host.Host) error) error {
	content, err := h.ReadFile(policyPath)
	present := err == nil
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the policy on starting services: %w", err)
	}
	switch ours := present && string(content) == policyScript; {
	case present && !ours:
		if len(units) > 0 {
			host.Progress(ctx, policyPath+" is not hostler's: it decides whether the package starts "+strings.Join(units, ", "))
		}
		return act(h)
	case ours && len(units) == 0:
		return errors.Join(dropPolicy(ctx, h), act(h))
	case len(units) == 0:
		return act(h)
	}
	write := host.Command{Argv: []string{"install", "-m", "0755", "/dev/stdin", policyPath}, Stdin: []byte(policyScript)}
	if _, err := h.Run(ctx, write); err != nil {
		return fmt.Errorf("keeping packages from starting %s: %w", strings.Join(units, ", "), err)
	}
	// The script goes also when the run is asked to stop in the middle.
	return errors.Join(act(noStartHost{h, units}), dropPolicy(context.WithoutCancel(ctx), h))
}

func dropPolicy(ctx context.Context, h host.Host) error {
	if _, err := h.Run(ctx, host.Command{Argv: []string{"rm", "-f", "--", policyPath}}); err != nil {
		return fmt.Errorf("removing hostler's policy on starting services: %w", err)
	}
	return nil
}

// noStartHost is a host whose commands name the units to policyScript.
type noStartHost struct {
	host.Host
	units []string
}

// Run adds the variable.
func (n noStartHost) Run(ctx context.Context, cmd host.Command) (host.Output, error) {
	cmd.Env = append(slices.Clone(cmd.Env), noStartVariable+"="+strings.Join(n.units, " "))
	return n.Host.Run(ctx, cmd)
}
