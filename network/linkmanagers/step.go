package linkmanagers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// The files of the step.
const (
	networkManagerFile = "/etc/NetworkManager/conf.d/90-hostler-cni.conf"
	networkdFile       = "/etc/systemd/networkd.conf.d/90-hostler.conf"
	// These two sort before all others: the first file that matches an interface is
	// the one that counts.
	networkFile = "/etc/systemd/network/00-hostler-cni.network"
	linkFile    = "/etc/systemd/network/00-hostler-cni.link"
)

const (
	networkManagerUnit = "NetworkManager.service"
	networkdUnit       = "systemd-networkd.service"
	field              = "network.cniLinks"
)

// Since when networkd can be told; see networkd.conf(5).
const (
	routesSince = 246
	rulesSince  = 249
)

// Spec is the wish.
type Spec struct {
	// Protected has the managers leave plugins' interfaces alone; false takes the
	// step's files away.
	Protected bool
	// SystemdVersion is the major version, for what networkd.conf may say; 0: not known,
	// and all is written, of which an old networkd only logs that it does not know it.
	SystemdVersion int
}

// Step keeps the files.
type Step struct{ spec Spec }

// New makes the step for a Spec.
func New(spec Spec) Step { return Step{spec} }

// Name is "network/link-managers".
func (s Step) Name() string { return "network/link-managers" }

// Plan returns the files, and the jobs that have them read.
func (s Step) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	names, err := patterns(ctx, v)
	remarks, failure := steps.Split(err)
	if failure != nil {
		return nil, failure
	}
	var errs []error
	if s.spec.Protected {
		for _, remark := range remarks {
			errs = append(errs, remark)
		}
	}
	managed, err := s.planNetworkManager(ctx, v, names)
	errs = append(errs, err)
	networkd, err := s.planNetworkd(ctx, v, names)
	errs = append(errs, err)
	return append(managed, networkd...), errors.Join(errs...)
}

func (s Step) planNetworkManager(ctx context.Context, v host.View, names []string) ([]steps.Op, error) {
	unit, there, err := find(ctx, v, networkManagerUnit)
	if err != nil {
		return nil, err
	}
	var body []byte
	if s.spec.Protected && there {
		body = fmt.Appendf(nil, "[keyfile]\nunmanaged-devices+=interface-name:%s\n", strings.Join(names, ";interface-name:"))
	}
	file, err := op.PlanOwnedFile(v, op.OwnedFile{Path: networkManagerFile, Field: field, Body: body})
	if file == nil {
		return nil, errors.Join(err, overridden(v, body != nil))
	}
	ops := []steps.Op{file}
	if v.Live() && unit.Active() {
		ops = append(ops, op.Job{Unit: networkManagerUnit, Verb: host.JobReload, Cost: steps.Reload, Why: "unmanaged interfaces changed"})
	}
	return ops, errors.Join(err, overridden(v, body != nil))
}

// overridden warns of a later file that replaces the list instead of adding to it.
func overridden(v host.Files, wanted bool) error {
	folder := path.Dir(networkManagerFile)
	names, err := v.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) || !wanted {
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		if name <= path.Base(networkManagerFile) || path.Ext(name) != ".conf" {
			continue
		}
		content, err := v.ReadFile(path.Join(folder, name))
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(content)) {
			if key, _, is := strings.Cut(line, "="); is && strings.TrimSpace(key) == "unmanaged-devices" {
				return steps.Warning("%s is read after %s and replaces its unmanaged-devices: write += there instead of =", path.Join(folder, name), networkManagerFile)
			}
		}
	}
	return nil
}

// planNetworkd treats networkd as the host's where it runs or will at boot: it is
// installed with systemd nearly everywhere.
func (s Step) planNetworkd(ctx context.Context, v host.View, names []string) ([]steps.Op, error) {
	unit, there, err := find(ctx, v, networkdUnit)
	if err != nil {
		return nil, err
	}
	used := there && (unit.Active() || strings.HasPrefix(unit.UnitFileState, "enabled"))
	bodies := map[string][]byte{}
	if s.spec.Protected && used {
		list := strings.Join(names, " ")
		bodies[networkdFile] = s.networkdSettings()
		bodies[networkFile] = fmt.Appendf(nil, "[Match]\nName=%s\n\n[Link]\nUnmanaged=yes\n", list)
		bodies[linkFile] = fmt.Appendf(nil, "[Match]\nOriginalName=%s\n\n[Link]\nMACAddressPolicy=none\n", list)
	}
	var ops []steps.Op
	var errs []error
	restart := false
	for _, name := range []string{networkdFile, networkFile, linkFile} {
		file, err := op.PlanOwnedFile(v, op.OwnedFile{Path: name, Field: field, Body: bodies[name]})
		errs = append(errs, err)
		if file != nil {
			ops = append(ops, file)
			restart = restart || name != linkFile // udev reads that one by itself
		}
	}
	if s.spec.Protected && used && bodies[networkdFile] == nil {
		errs = append(errs, steps.Warning("systemd %d cannot be told to leave foreign routes and routing rules alone (that came with %d and %d): a restart of systemd-networkd may remove those of pods",
			s.spec.SystemdVersion, routesSince, rulesSince))
	}
	if restart && v.Live() && unit.Active() {
		job := op.Job{Unit: networkdUnit, Verb: host.JobRestart, Cost: steps.Restart, Why: "its settings are read at its start only"}
		if s.spec.SystemdVersion != 0 && s.spec.SystemdVersion < rulesSince {
			job.Cost, job.Why = steps.Drain, job.Why+", and at its start this version may remove routes and rules of pods"
		}
		ops = append(ops, job)
	}
	return ops, errors.Join(errs...)
}

// networkdSettings are those that the version knows.
func (s Step) networkdSettings() []byte {
	var lines string
	for _, setting := range []struct {
		since int
		line  string
	}{{routesSince, "ManageForeignRoutes=no\n"}, {rulesSince, "ManageForeignRoutingPolicyRules=no\n"}} {
		if s.spec.SystemdVersion == 0 || s.spec.SystemdVersion >= setting.since {
			lines += setting.line
		}
	}
	if lines == "" {
		return nil
	}
	return []byte("[Network]\n" + lines)
}

func find(ctx context.Context, v host.View, name string) (host.Unit, bool, error) {
	unit, err := v.Unit(ctx, name)
	return unit, unit.Exists() || unit.UnitFileState != "", err
}
