package pkgmgr

import (
	"context"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/hostler-dev/hostler/steps/host"
)

// Deadlines. The longest are for slow disks and slow lines; a maintainer script
// that waits for an answer that never comes must end at some time.
const (
	transactionTimeout = 20 * time.Minute
	refreshTimeout     = 5 * time.Minute
	markTimeout        = time.Minute
)

const (
	archivesDir     = "/var/cache/apt/archives"
	allowHeld       = "--allow-change-held-packages"
	allowDowngrades = "--allow-downgrades"
)

// quiet keeps the programs behind apt from asking questions and from
// restarting services on their own account: needrestart would restart
// containerd and the kubelet after any update of a library.
var quiet = []string{
	"DEBIAN_FRONTEND=noninteractive",
	"APT_LISTCHANGES_FRONTEND=none",
	"NEEDRESTART_SUSPEND=1",
}

// aptGet is the command that all changes share. Configuration files that
// somebody edited stay, without a question; so do downloaded archives, which
// undo needs. hostler waited for the lock already: the few seconds here are for
// somebody who was quicker.
func aptGet(timeout time.Duration, args ...string) host.Command {
	argv := []string{
		"apt-get", "-q", "-y",
		"-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold",
		"-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=5",
		"-o", "APT::Keep-Downloaded-Packages=true",
	}
	return host.Command{Argv: append(argv, args...), Env: quiet, Timeout: timeout}
}

func run(ctx context.Context, h host.Host, cmd host.Command) error {
	out, err := h.Run(ctx, cmd)
	if err != nil {
		return aptError(err, out)
	}
	return nil
}

// aptTargets writes changes as arguments of apt-get install, which removes what
// is marked with a hyphen. What depends on that goes along, unless it is held
// and not named itself: then apt refuses.
func aptTargets(changes []Change) []string {
	targets := make([]string, len(changes))
	for i, c := range changes {
		switch {
		case c.To == "":
			targets[i] = c.Name + "-"
		case c.Archive != "":
			targets[i] = c.Archive
		default:
			targets[i] = c.Name + "=" + c.To
		}
	}
	return targets
}

// apply is one apt-get install. Packages that go are purged, unless one of
// them must keep its configuration.
func (apt) apply(ctx context.Context, h host.Host, changes []Change) error {
	args := []string{"install", allowHeld, allowDowngrades}
	keep := slices.ContainsFunc(changes, func(c Change) bool { return c.KeepConfig })
	gone := slices.ContainsFunc(changes, func(c Change) bool { return c.To == "" })
	if gone && !keep {
		args = append(args, "--purge")
	}
	return run(ctx, h, aptGet(transactionTimeout, append(args, aptTargets(changes)...)...))
}

func (apt) setHold(ctx context.Context, h host.Host, name string, held bool) error {
	verb := "unhold"
	if held {
		verb = "hold"
	}
	return run(ctx, h, host.Command{Argv: []string{"apt-mark", verb, name}, Timeout: markTimeout})
}

func (apt) setAuto(ctx context.Context, h host.Host, name string) error {
	return run(ctx, h, host.Command{Argv: []string{"apt-mark", "auto", name}, Timeout: markTimeout})
}

// refresh of one source leaves the lists of all others alone, and any failure
// of it is an error: apt-get update alone exits 0 when a repository cannot be
// reached. When all are refreshed, an unrelated repository that is down must
// not stop the work; what is missing then shows when it is wanted.
func (apt) refresh(ctx context.Context, h host.Host, source string) error {
	args := []string{"update", "-o", "Acquire::Retries=2"}
	if source != "" {
		args = append(args, "-o", "APT::Update::Error-Mode=any",
			"-o", "Dir::Etc::sourcelist="+source, "-o", "Dir::Etc::sourceparts=-", "-o", "APT::Get::List-Cleanup=0")
	}
	out, err := h.Run(ctx, aptGet(refreshTimeout, args...))
	if err != nil {
		return aptError(err, out)
	}
	// An apt before 2.1.10 does not know Error-Mode and only warns.
	if problem := classify(string(out.Stderr), ""); problem != nil && source != "" {
		return problem
	}
	return nil
}

// repair configures what is only unpacked, then lets apt put right what dpkg
// alone cannot: packages that must be installed again.
func (apt) repair(ctx context.Context, h host.Host) error {
	configure := host.Command{
		Argv: []string{"dpkg", "--force-confdef", "--force-confold", "--configure", "-a"},
		Env:  quiet, Timeout: transactionTimeout,
	}
	if err := run(ctx, h, configure); err != nil {
		return err
	}
	inventory, err := apt{}.Installed(ctx, h)
	if err != nil || len(inventory.Unfinished) == 0 {
		return err
	}
	return run(ctx, h, aptGet(transactionTimeout, "--fix-broken", "install"))
}

func (apt) fetch(ctx context.Context, h host.Host, name, version string) error {
	return run(ctx, h, aptGet(refreshTimeout, "--download-only", "--reinstall", "install", allowHeld, allowDowngrades, name+"="+version))
}

// download takes as long as a transaction: lines are slow, and archives large.
func (apt) download(ctx context.Context, h host.Host, changes []Change) error {
	args := append([]string{"--download-only", "install", allowHeld, allowDowngrades}, aptTargets(changes)...)
	return run(ctx, h, aptGet(transactionTimeout, args...))
}

// archive is the name that apt gives: colons of epochs are quoted.
func (apt) archive(name, version, arch string) string {
	return path.Join(archivesDir, name+"_"+strings.ReplaceAll(version, ":", "%3a")+"_"+arch+".deb")
}

// databaseLocks in the order in which apt takes them.
func (apt) databaseLocks() []string {
	return []string{"/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", archivesDir + "/lock"}
}

func (apt) listLocks() []string { return []string{"/var/lib/apt/lists/lock"} }
