package docker

import (
	"cmp"
	"context"
	"errors"
	"io/fs"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
)

// The units as Debian's docker.io and the packages of cri-dockerd have them.
const (
	dockerUnitText = "[Unit]\nWants=containerd.service\nRequires=docker.socket\n[Service]\nExecStart=/usr/sbin/dockerd -H fd:// $DOCKER_OPTS\n[Install]\nWantedBy=multi-user.target\n"
	socketUnitText = "[Socket]\nListenStream=/run/docker.sock\n[Install]\nWantedBy=sockets.target\n"
	otherUnitText  = "[Service]\nExecStart=/usr/bin/containerd\n[Install]\nWantedBy=multi-user.target\n"
	bridgeText     = "[Service]\nExecStart=/usr/bin/cri-dockerd --container-runtime-endpoint fd://\n[Install]\nWantedBy=multi-user.target\n"
	bridgeSocket   = "[Socket]\nListenStream=%t/cri-dockerd.sock\n[Install]\nWantedBy=sockets.target\n"
)

const (
	unitDir  = "/usr/lib/systemd/system/"
	docker20 = "20.10.24+dfsg1-1"
	docker26 = "26.1.5+dfsg1-9"
	bridge3  = "0.3.15~3-0"
)

// recordOf holds the installed version of a package on the hosts of these tests.
func recordOf(name string) string { return "/var/lib/packages/" + name }

// unitsOf are the units that a package brings.
func unitsOf(name string) map[string]string {
	if name == "docker" {
		return map[string]string{containerdUnit: otherUnitText, dockerSocketUnit: socketUnitText, defaultUnit: dockerUnitText}
	}
	return map[string]string{criDockerdUnit: bridgeText, criDockerdSocket: bridgeSocket}
}

// repository is a cri.Package whose repositories carry one version.
type repository struct {
	name, candidate, wish string
}

func (r repository) Versions(_ context.Context, v host.View) (now, then string, err error) {
	content, err := v.ReadFile(recordOf(r.name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", "", err
	}
	now = string(content)
	if now != "" && (r.wish == "" || r.wish == now) {
		return now, now, nil
	}
	return now, cmp.Or(r.wish, r.candidate), nil
}

func (r repository) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	now, then, err := r.Versions(ctx, v)
	if err != nil || now == then {
		return nil, err
	}
	return []steps.Op{install{Name: r.name, From: now, To: then}}, nil
}

// install brings a package to a version; to none means that it goes.
type install struct {
	Name, From, To string
}

func (o install) Key() string          { return "package:" + o.Name }
func (o install) Impact() steps.Impact { return steps.None }
func (o install) Diff() steps.Diff     { return steps.Diff{Action: "install", From: o.From, To: o.To} }

func (o install) Inverse(ctx context.Context, v host.View) (steps.Op, error) {
	now, _, err := repository{name: o.Name}.Versions(ctx, v)
	return install{Name: o.Name, From: o.To, To: now}, err
}

func (o install) Do(ctx context.Context, h host.Host) error {
	_, err := h.Run(ctx, host.Command{Argv: []string{"pkg", o.Name, o.To}})
	return err
}

// manager is the package manager on the host. It does what Debian's scripts do: a
// new package is enabled and started, and stopped before it goes.
func manager() hosttest.Option {
	return hosttest.Handle("pkg", func(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
		name, to := cmd.Argv[1], cmd.Argv[2]
		_, err := f.ReadFile(recordOf(name))
		switch there := err == nil; {
		case to == "" && there:
			for unit := range unitsOf(name) {
				f.Change(hosttest.Inactive(unit), hosttest.Absent(unitDir+unit))
				for _, wants := range []string{"multi-user.target.wants", "sockets.target.wants"} {
					f.Change(hosttest.Absent("/etc/systemd/system/" + wants + "/" + unit))
				}
			}
			f.Change(hosttest.Absent(recordOf(name)), hosttest.Reloaded())
		case to != "" && there:
			f.Change(hosttest.File(recordOf(name), to))
		case to != "":
			f.Change(installed(name, to))
		}
		return host.Output{}, nil
	})
}

// installed is a package whose units are enabled and run.
func installed(name, version string) hosttest.Option {
	return func(f *hosttest.Fake) {
		f.Change(hosttest.File(recordOf(name), version))
		for unit, text := range unitsOf(name) {
			f.Change(hosttest.File(unitDir+unit, text))
		}
		f.Change(hosttest.Reloaded())
		for unit := range unitsOf(name) {
			f.Change(hosttest.Enabled(unit), hosttest.Running(unit))
		}
	}
}

// machine is a booted host with cgroups v2 and the folders that installing makes.
func machine(more ...hosttest.Option) *hosttest.Fake {
	h := hosttest.New(hosttest.Dir("/run/systemd/system", 0o755), hosttest.File("/sys/fs/cgroup/cgroup.controllers", "cpu memory\n"),
		hosttest.Dir("/var/lib/packages", 0o755), hosttest.Dir("/etc/systemd/system/multi-user.target.wants", 0o755),
		hosttest.Dir("/etc/systemd/system/sockets.target.wants", 0o755), manager())
	h.Change(more...)
	return h
}

// version1 takes cgroups v2 away.
func version1() hosttest.Option { return hosttest.Absent("/sys/fs/cgroup/cgroup.controllers") }

// spec is what a NodeGroup with defaults makes.
func spec() Spec {
	return Spec{
		Package: repository{name: "docker", candidate: docker26}, CRIDockerd: repository{name: "cri-dockerd", candidate: bridge3},
		KubernetesMinor: 36, LiveRestore: true,
	}
}

// stepFor is the step of the default Spec with changes.
func stepFor(changes ...func(*Spec)) func() steps.Step {
	return func() steps.Step {
		s := spec()
		for _, change := range changes {
			change(&s)
		}
		return New(s)
	}
}

// converged is the file and the drop-in that the default Spec wants.
func converged() hosttest.Option {
	return func(f *hosttest.Fake) {
		result, err := merge(nil, settings{logMaxSize: "10m", logMaxFile: 5, liveRestore: true, downloads: 3, driver: systemd, ownDriver: systemd})
		planned, planErr := op.PlanOwnedFile(hosttest.New(), New(spec()).dropIn())
		if err := errors.Join(err, planErr); err != nil {
			panic(err) //nolint:forbidigo // a mistake in the test itself
		}
		f.Change(hosttest.File(defaultConfigFile, string(result.content)), hosttest.File(dropIn, string(planned.(op.File).Content)), hosttest.Reloaded())
	}
}
