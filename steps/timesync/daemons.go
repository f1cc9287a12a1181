package timesync

import (
	"context"
	"io/fs"
	"path"
	"slices"

	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/masks"
)

// daemon is one that the host has.
type daemon struct {
	host.Unit
	// running includes a daemon on its way up.
	running bool
}

func (d daemon) enabled() bool { return d.UnitFileState == "enabled" }
func (d daemon) masked() bool {
	return d.UnitFileState == "masked" || d.UnitFileState == "masked-runtime"
}

// present lists the daemons that the host has, in the order of names.
func present(ctx context.Context, v host.View, names []string) ([]daemon, error) {
	var found []daemon
	seen := map[string]bool{}
	for _, name := range names {
		name = own(v, name)
		if seen[name] {
			continue
		}
		seen[name] = true
		unit, err := v.Unit(ctx, name)
		if err != nil {
			return nil, err
		}
		if masks.Exists(unit) {
			found = append(found, daemon{unit, unit.Active() || unit.ActiveState == "activating"})
		}
	}
	return found, nil
}

// unitFolders are where units come from, best first (systemd.unit(5)).
var unitFolders = []string{"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}

// own follows an alias to the unit's own name: Debian's chrony.service is also
// chronyd.service, and the two are no pair that fights.
func own(v host.Files, name string) string {
	for _, folder := range unitFolders {
		info, err := v.Lstat(path.Join(folder, name))
		if err != nil {
			continue
		}
		if info.Mode&fs.ModeSymlink == 0 {
			return name
		}
		target, err := v.Readlink(path.Join(folder, name))
		if base := path.Base(target); err == nil && target != "/dev/null" && path.Ext(base) == path.Ext(name) {
			return base
		}
		return name
	}
	return name
}

// keep chooses the daemon that stays: the one that does the most already, of
// equals the first. Masked ones are not meant to run. nil: there is none.
func keep(daemons []daemon) *daemon {
	rank := func(d daemon) int {
		rank := 0
		if d.enabled() {
			rank += 2
		}
		if d.running {
			rank++
		}
		return rank
	}
	usable := slices.DeleteFunc(slices.Clone(daemons), daemon.masked)
	if len(usable) == 0 {
		return nil
	}
	best := usable[0]
	for _, d := range usable[1:] {
		if rank(d) > rank(best) {
			best = d
		}
	}
	return &best
}
