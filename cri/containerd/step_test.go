package containerd

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/steptest"
)

const (
	unitPath = "/usr/lib/systemd/system/containerd.service"
	unitText = "[Service]\nExecStart=/usr/bin/containerd\nKillMode=process\n[Install]\nWantedBy=multi-user.target\n"
	// installedPath holds the installed version on the hosts of these tests.
	installedPath = "/var/lib/packages/containerd"
	configPath    = "/etc/containerd/config.toml"
)

// repository is a cri.Package whose repositories carry one version.
type repository struct {
	candidate, wish string
}

func (r repository) Versions(_ context.Context, v host.View) (now, then string, err error) {
	content, err := v.ReadFile(installedPath)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", "", err
	}
	now = string(content)
	if now != "" && strings.HasPrefix(now, r.wish) {
		return now, now, nil
	}
	return now, cmp.Or(r.wish, r.candidate), nil
}

func (r repository) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	now, then, err := r.Versions(ctx, v)
	if err != nil || now == then {
		return nil, err
	}
	return []steps.Op{install{From: now, To: then}}, nil
}

// install brings the package to a version; to none means that it goes.
type install struct {
	From, To string
}

func (o install) Key() string          { return "package:containerd" }
func (o install) Impact() steps.Impact { return steps.None }
func (o install) Diff() steps.Diff     { return steps.Diff{Action: "install", From: o.From, To: o.To} }

func (o install) Inverse(ctx context.Context, v host.View) (steps.Op, error) {
	now, _, err := repository{}.Versions(ctx, v)
	return install{From: o.To, To: now}, err
}

func (o install) Do(ctx context.Context, h host.Host) error {
	_, err := h.Run(ctx, host.Command{Argv: []string{"pkg", o.To}})
	return err
}

// pkg is the package manager on the host. It does what Debian's scripts do: a new
// package is enabled and started, and stopped before it goes.
func pkg() hosttest.Option {
	const unit = "containerd.service"
	return hosttest.Handle("pkg", func(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
		_, err := f.ReadFile(installedPath)
		there, to := err == nil, cmd.Argv[1]
		switch {
		case to == "" && there:
			f.Change(hosttest.Inactive(unit), hosttest.Absent(installedPath), hosttest.Absent("/var/lib/packages"), hosttest.Absent(unitPath),
				hosttest.Absent("/etc/systemd/system/multi-user.target.wants"), hosttest.Reloaded())
		case to != "" && there:
			f.Change(hosttest.File(installedPath, to))
		case to != "":
			f.Change(hosttest.File(installedPath, to), hosttest.File(unitPath, unitText), hosttest.Reloaded(), hosttest.Enabled(unit), hosttest.Running(unit))
		}
		return host.Output{}, nil
	})
}

// booted is what systemd leaves on a machine that runs it.
func booted() hosttest.Option {
	return func(f *hosttest.Fake) { f.Change(hosttest.Dir("/run/systemd/system", 0o755), pkg()) }
}

// installed is a host with the package, its unit enabled and running.
func installed(version string, more ...hosttest.Option) *hosttest.Fake {
	f := hosttest.New(booted(), hosttest.File(installedPath, version), hosttest.File(unitPath, unitText),
		hosttest.Enabled("containerd.service"), hosttest.Running("containerd.service"))
	f.Change(more...)
	return f
}

// stepFor is the step where the repositories carry the candidate and the
// NodeGroup wishes for a version, or for any.
func stepFor(candidate, wish string, change ...func(*Spec)) func() steps.Step {
	return func() steps.Step {
		spec := Spec{Package: repository{candidate: candidate, wish: wish}}
		for _, c := range change {
			c(&spec)
		}
		return New(spec)
	}
}

// converged is the file that the default Spec wants of a containerd.
func converged(t *testing.T, release string) string {
	t.Helper()
	settings := someSettings(release)
	settings.SandboxImage, settings.MaxConcurrentDownloads = "", 3
	merged, err := Merge(nil, settings)
	if err != nil {
		t.Fatal(err)
	}
	return string(merged.Content)
}

func TestStep(t *testing.T) {
	t.Parallel()
	bare := func() *hosttest.Fake { return hosttest.New(booted()) }
	cases := []steptest.Case{
		{Name: "bare Debian 11", Golden: "debian-11", Step: stepFor("1.4.13~ds1-1~deb11u4", ""), Host: bare},
		{Name: "bare Debian 12", Golden: "debian-12", Step: stepFor("1.6.20~ds1-1+deb12u3", ""), Host: bare},
		{Name: "bare Debian 13 with a version", Golden: "debian-13", Step: stepFor("1.7.24~ds1-6", "1.7.24~ds1-6"), Host: bare},
		{Name: "bare host with containerd 2.1 to come", Golden: "bare-2.1", Step: stepFor("2.1.9-1", ""), Host: bare},
		{Name: "package lists that say nothing", Golden: "no-candidate", Step: stepFor("", "1.7.24-1"), Host: bare},
		{Name: "installed 2.1 without a file restarts", Golden: "installed-2.1", Step: stepFor("2.4.2-1", ""),
			Host: func() *hosttest.Fake { return installed("2.1.9-1") }},
		{Name: "Debian's own file restarts", Golden: "debians-file", Step: stepFor("1.6.20~ds1-1", ""),
			Host: func() *hosttest.Fake {
				return installed("1.6.20~ds1-1", hosttest.File(configPath, string(readTestdata(t, "debian"))))
			}},
		{Name: "upgrade restarts and keeps the layout", Golden: "upgrade", Step: stepFor("2.1.9-1", "2.1.9-1"),
			Host: func() *hosttest.Fake {
				return installed("1.7.24-1", hosttest.File(configPath, converged(t, "1.7")))
			}},
		{Name: "a containerd without a package gives way to one with", Golden: "unpackaged", Step: stepFor("1.7.24-1", ""),
			Host: func() *hosttest.Fake {
				return hosttest.New(booted(), hosttest.File("/etc/systemd/system/containerd.service", unitText), hosttest.Enabled("containerd.service"),
					hosttest.Running("containerd.service"), hosttest.File(configPath, converged(t, "1.7")))
			},
			// The fake package stops the unit before it goes, and it is not its own unit.
			Irreversible: []string{"package:containerd"}},
		{Name: "a version in short does not change what matches it", Golden: "short-version", Step: stepFor("1.7.30-1", "1.7.24"),
			Host: func() *hosttest.Fake { return installed("1.7.24-1", hosttest.File(configPath, converged(t, "1.7"))) }},
		{Name: "drift is repaired without a restart", Golden: "drift", Step: stepFor("1.7.24-1", ""),
			Host: func() *hosttest.Fake {
				return hosttest.New(booted(), hosttest.File(installedPath, "1.7.24-1"), hosttest.File(unitPath, unitText), hosttest.Running("containerd.service"),
					hosttest.FileWith(configPath, converged(t, "1.7"), host.Attr{Mode: 0o666, UID: 1000, GID: 6}))
			}},
		{Name: "a stopped unit is started, not restarted", Golden: "stopped", Step: stepFor("1.7.24-1", ""),
			Host: func() *hosttest.Fake {
				return installed("1.7.24-1", hosttest.File(configPath, converged(t, "1.7")), hosttest.Inactive("containerd.service"))
			}},
		{Name: "a masked unit is unmasked and started", Golden: "masked", Step: stepFor("1.7.24-1", ""),
			Host: func() *hosttest.Fake {
				return hosttest.New(booted(), hosttest.File(installedPath, "1.7.24-1"), hosttest.File(unitPath, unitText),
					hosttest.Masked("containerd.service"), hosttest.File(configPath, converged(t, "1.7")))
			}},
		{Name: "converged host", Golden: "converged", Step: stepFor("1.7.24-1", "1.7.24-1"),
			Host: func() *hosttest.Fake { return installed("1.7.24-1", hosttest.File(configPath, converged(t, "1.7"))) }},
		{Name: "a closed file stays closed and is not shown", Golden: "secret", Step: stepFor("1.7.24-1", ""),
			Host: func() *hosttest.Fake {
				return installed("1.7.24-1", hosttest.FileWith(configPath, string(readTestdata(t, "kubespray")), host.Attr{Mode: 0o600}))
			}},
		{Name: "image with the package", Golden: "image", Step: stepFor("", ""),
			Host: func() *hosttest.Fake {
				return hosttest.New(hosttest.Image(), hosttest.File(installedPath, "1.6.20-1"), hosttest.File(unitPath, unitText))
			}},
		{Name: "empty image without a package manager", Golden: "empty-image",
			Step: stepFor("", "", func(s *Spec) { s.Package = nil }),
			Host: func() *hosttest.Fake { return hosttest.New(hosttest.Image()) }},
	}
	for _, c := range cases {
		c.Golden = "testdata/plans/" + c.Golden + ".golden"
		c.Kinds = []map[string]steps.Op{{"install": install{}}}
		steptest.Run(t, c)
	}
}

// planError plans and returns the failure and the remarks as text.
func planError(t *testing.T, step steps.Step, h host.View) (failure error, remarks string) {
	t.Helper()
	_, err := step.Plan(context.Background(), h)
	list, failure := steps.Split(err)
	var texts []string
	for _, remark := range list {
		texts = append(texts, remark.Text)
	}
	return failure, strings.Join(texts, "\n")
}

func TestPlanFailsWithTheWayOut(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		host *hosttest.Fake
		wish string
		spec func(*Spec)
		want string
	}{
		"file is broken": {
			host: installed("1.7.24-1", hosttest.File(configPath, "version = 2\n[plugins\n")),
			want: "/etc/containerd/config.toml: line 2, column 9: toml: expected ']' to close table name; containerd does not start with it either: correct it, or move it away",
		},
		"file is too new for the package": {
			host: installed("1.7.24-1", hosttest.File(configPath, "version = 3\n")),
			want: "/etc/containerd/config.toml: the file is of version 3 and containerd 1.7 reads versions up to 2: take a newer containerd, or move the file away",
		},
		"file is a link": {
			host: installed("1.7.24-1", hosttest.File("/srv/c.toml", ""), hosttest.Dir("/etc/containerd", 0o755), hosttest.Link(configPath, "/srv/c.toml")),
			want: "/etc/containerd/config.toml is a symbolic link to /srv/c.toml",
		},
		"overlay has an owned key": {
			host: installed("1.7.24-1"),
			spec: func(s *Spec) { s.Config = map[string]any{"version": int64(3)} },
			want: "spec.cri.containerd.config: version is set by hostler itself",
		},
		"another runtime serves the node": {
			host: installed("1.7.24-1", hosttest.File("/var/lib/kubelet/config.yaml", "containerRuntimeEndpoint: unix:///run/cri-dockerd.sock\n")),
			want: "hostler does not change the container runtime of a node: Docker (by cri-dockerd) serves it at /run/cri-dockerd.sock",
		},
		"package version is no version": {
			host: installed("1.7.24-1"), wish: "latest",
			want: `containerd package version "latest" does not begin with two numbers`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := c.spec
			if spec == nil {
				spec = func(*Spec) {}
			}
			failure, _ := planError(t, stepFor("1.7.24-1", c.wish, spec)(), c.host)
			if failure == nil || !strings.Contains(failure.Error(), c.want) {
				t.Errorf("got %v, want %q in it", failure, c.want)
			}
		})
	}
}

func TestPlanWarns(t *testing.T) {
	t.Parallel()
	importing := hosttest.File(configPath, "version = 2\nimports = [\"conf.d/*.toml\"]\n")
	cases := map[string]struct {
		installed string
		imported  string
		spec      func(*Spec)
		want      string
	}{
		"of an import that replaces the table under 1.x": {
			installed: "1.7.24-1", imported: "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\"]\nenable_selinux = true\n",
			want: `/etc/containerd/conf.d/a.toml, and its table plugins."io.containerd.grpc.v1.cri" replaces the whole one`,
		},
		"of an import that wins over a key under 2.x": {
			installed: "2.1.9-1", imported: "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\"]\nsandbox_image = \"x\"\n",
			want: `conf.d/a.toml, and its plugins."io.containerd.grpc.v1.cri".sandbox_image wins`,
		},
		"of an import that cannot be read": {installed: "2.1.9-1", imported: "[", want: "conf.d/a.toml, which it cannot read"},
		"of nothing where an import only adds under 2.x": {
			installed: "2.1.9-1", imported: "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\"]\nenable_selinux = true\n",
		},
		"of an overlay for another version": {
			installed: "1.7.24-1", imported: "version = 2",
			spec: func(s *Spec) {
				s.Config = map[string]any{"plugins": map[string]any{pluginRuntime: map[string]any{"enable_selinux": true}}}
			},
			want: `plugins."io.containerd.cri.v1.runtime" is for another version of /etc/containerd/config.toml, which is of version 2 here`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := c.spec
			if spec == nil {
				spec = func(*Spec) {}
			}
			h := installed(c.installed, importing, hosttest.File("/etc/containerd/conf.d/a.toml", c.imported), hosttest.File("/etc/containerd/conf.d/b.conf", "["))
			failure, remarks := planError(t, stepFor("", "", spec)(), h)
			if failure != nil {
				t.Fatal(failure)
			}
			if c.want == "" && remarks != "" || !strings.Contains(remarks, c.want) {
				t.Errorf("got remarks %q, want %q", remarks, c.want)
			}
		})
	}
}

func TestDriverFor(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		host *hosttest.Fake
		want CgroupDriver
	}{
		"systemd where it runs":              {hosttest.New(booted()), Systemd},
		"cgroupfs where another init runs":   {hosttest.New(), Cgroupfs},
		"systemd in an image, booted or not": {hosttest.New(hosttest.Image()), Systemd},
		"a program alone is not an init":     {hosttest.New(hosttest.File("/usr/lib/systemd/systemd", "")), Cgroupfs},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := DriverFor(c.host)
			if err != nil || got != c.want {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
}

func TestParseRelease(t *testing.T) {
	t.Parallel()
	cases := map[string]Release{
		"":                      {},
		"1.6.20~ds1-1+deb12u3":  {1, 6},
		"1.4.13~ds1-1~deb11u4":  {1, 4},
		"2:1.7.27-1":            {1, 7},
		"1.7.27-0ubuntu1~22.04": {1, 7},
		"v2.1.9":                {2, 1},
		"2.10-1":                {2, 10},
	}
	for text, want := range cases {
		if got, err := ParseRelease(text); err != nil || got != want {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"latest", "2", "2.", "v", ":1.2", "99999.1"} {
		if got, err := ParseRelease(text); err == nil {
			t.Errorf("%q: got %v, want an error", text, got)
		}
	}
}
