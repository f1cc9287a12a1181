package docker

import (
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/cri"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/steptest"
)

// ready is a host that is as the default Spec wants it, with changes after.
func ready(version string, more ...hosttest.Option) func() *hosttest.Fake {
	return func() *hosttest.Fake {
		h := machine(installed("docker", version), installed("cri-dockerd", bridge3), converged())
		h.Change(more...)
		return h
	}
}

func daemonJSON(content string) hosttest.Option { return hosttest.File(defaultConfigFile, content) }

func TestStep(t *testing.T) {
	t.Parallel()
	bare := func() *hosttest.Fake { return machine() }
	cases := []struct {
		name, golden string
		step         func() steps.Step
		host         func() *hosttest.Fake
	}{
		{"a bare host gets Docker and cri-dockerd", "bare", stepFor(), bare},
		{"without a kubelet there is no cri-dockerd", "no-kubelet", stepFor(func(s *Spec) { s.KubernetesMinor = 0 }), func() *hosttest.Fake {
			return machine(installed("docker", docker26), version1())
		}},
		{"everything that can be wished for", "full", stepFor(func(s *Spec) {
			s.SandboxImage, s.RegistryMirrors = "registry.example.com/pause:3.10", []string{"https://mirror.example.com"}
			s.MaxConcurrentDownloads, s.LogMaxFile, s.LogMaxSize = 10, 3, "50m"
		}), ready(docker26)},
		{"a converged host", "converged", stepFor(), ready(docker26)},
		{"mirrors and downloads are reloaded", "reload", stepFor(func(s *Spec) {
			s.RegistryMirrors, s.MaxConcurrentDownloads = []string{"https://mirror.example.com"}, 10
		}), ready(docker26)},
		{"live-restore goes by a reload", "live-restore-off", stepFor(func(s *Spec) { s.LiveRestore = false }), ready(docker26)},
		{"log options restart, and containers stay", "log-opts", stepFor(func(s *Spec) { s.LogMaxSize = "50m" }), ready(docker26)},
		{"log options without live-restore until now drain", "log-opts-drain", stepFor(),
			ready(docker26, daemonJSON("{\"log-opts\": {\"max-size\": \"1m\"}}\n"))},
		{"another cgroup driver drains", "driver", stepFor(),
			ready(docker26, daemonJSON(`{"exec-opts": ["native.cgroupdriver=cgroupfs"], "live-restore": true, "log-opts": {"max-file": "5", "max-size": "10m"}}`))},
		{"with cgroups v1 a Docker keeps what it has", "v1-kept", stepFor(), func() *hosttest.Fake {
			return machine(version1(), installed("docker", docker26), installed("cri-dockerd", bridge3), converged(), hosttest.Dir("/var/lib/docker/containers", 0o710))
		}},
		{"a patch release restarts", "patch", stepFor(func(s *Spec) { s.Package = repository{name: "docker", wish: "26.1.6-1"} }), ready(docker26)},
		{"a minor release drains", "minor", stepFor(func(s *Spec) { s.Package = repository{name: "docker", wish: docker26} }), ready(docker20)},
		{"a new cri-dockerd restarts alone", "bridge", stepFor(func(s *Spec) { s.CRIDockerd = repository{name: "cri-dockerd", wish: "0.3.16-1"} }), ready(docker26)},
		{"what is stopped is started", "stopped", stepFor(), ready(docker26, hosttest.Inactive(defaultUnit), hosttest.Inactive(criDockerdUnit), hosttest.Inactive(criDockerdSocket))},
		{"masks of a removal are taken away", "masked", stepFor(), func() *hosttest.Fake {
			h := hosttest.New(hosttest.Dir("/run/systemd/system", 0o755), hosttest.File("/sys/fs/cgroup/cgroup.controllers", ""), hosttest.File(recordOf("docker"), docker26),
				hosttest.File(unitDir+containerdUnit, otherUnitText), hosttest.File(unitDir+defaultUnit, dockerUnitText), hosttest.File(unitDir+dockerSocketUnit, socketUnitText),
				hosttest.Masked(containerdUnit), hosttest.Masked(dockerSocketUnit), hosttest.Masked(defaultUnit), manager(), installed("cri-dockerd", bridge3), converged())
			return h
		}},
		{"the administrator's keys stay", "administrator", stepFor(), ready(docker26, daemonJSON(
			"{\n    \"data-root\": \"/srv/docker\",\n    \"log-driver\": \"journald\",\n    \"log-opts\": {\"tag\": \"{{.Name}}\", \"env\": \"A\"},\n    \"dns\": [ \"10.0.0.53\" ],\n    \"live-restore\": true\n}\n"))},
		{"an image with the packages", "image", stepFor(), func() *hosttest.Fake {
			return hosttest.New(hosttest.Image(), hosttest.File(recordOf("docker"), docker26), hosttest.File(recordOf("cri-dockerd"), bridge3),
				hosttest.File(unitDir+defaultUnit, dockerUnitText), hosttest.File(unitDir+criDockerdUnit, bridgeText), hosttest.File(unitDir+criDockerdSocket, bridgeSocket))
		}},
		{"an image without packages", "empty-image", stepFor(func(s *Spec) { s.Package, s.CRIDockerd = nil, nil }),
			func() *hosttest.Fake { return hosttest.New(hosttest.Image()) }},
		{"a Docker that nobody has tried is warned of", "newer", stepFor(), ready("29.1.0-1")},
	}
	for _, c := range cases {
		steptest.Run(t, steptest.Case{
			Name: c.name, Golden: "testdata/plans/" + c.golden + ".golden", Step: c.step, Host: c.host,
			Kinds: []map[string]steps.Op{{"install": install{}}},
		})
	}
}

func TestPlanFailsWithTheWayOut(t *testing.T) {
	t.Parallel()
	plain := func(*Spec) {}
	cases := map[string]struct {
		host *hosttest.Fake
		spec func(*Spec)
		want string
	}{
		"a kubelet with dockershim": {machine(), func(s *Spec) { s.KubernetesMinor = 23 },
			"a kubelet 1.23 speaks to Docker by its own dockershim, which hostler does not set up: wish for Kubernetes 1.24 or later"},
		"Docker 18.09 with a kubelet": {ready("5:18.09.9~3-0~debian-buster")(), plain,
			"docker 18.09 hangs when a kubelet (1.36 is wished for) is replaced, and only a reboot helps: drain the node and bring Docker to 19.03"},
		"Docker 18.09 without a kubelet": {ready("18.09.9-1")(), func(s *Spec) { s.KubernetesMinor = 0 },
			"docker 18.09 is older than 19.03, the first that hostler supports"},
		"broken JSON": {machine(daemonJSON("{\n  \"a\": 1,\n}\n")), plain,
			"/etc/docker/daemon.json: line 3: invalid character '}' looking for beginning of object key string; dockerd does not start with it either"},
		"a value of another type": {machine(daemonJSON(`{"log-opts": {"max-file": 5}}`)), plain, "/etc/docker/daemon.json: log-opts: json: cannot unmarshal number"},
		"a driver that no kubelet has": {machine(version1(), daemonJSON(`{"exec-opts": ["native.cgroupdriver=other"]}`)), plain,
			`exec-opts has the cgroup driver "other": only systemd and cgroupfs`},
		"hosts in both places": {ready(docker26, daemonJSON(`{"hosts": ["fd://"]}`))(), plain,
			"/usr/lib/systemd/system/docker.service gives dockerd the flag -H, and it does not start with that and the key hosts of /etc/docker/daemon.json both: remove the flag there, or the key"},
		"a flag of ours in the administrator's options": {ready(docker26, hosttest.File("/etc/default/docker", "# DOCKER_OPTS=\"--log-driver=x\"\nDOCKER_OPTS=\"--dns 8.8.8.8 --log-opt max-size=1m\"\n"))(), plain,
			"/etc/default/docker gives dockerd the flag --log-opt, and it does not start with that and the key log-opts"},
		"a flag of ours in a drop-in": {ready(docker26, hosttest.File("/etc/systemd/system/docker.service.d/a.conf", "[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd \\\n  --live-restore=false\n"))(), plain,
			"/etc/systemd/system/docker.service.d/a.conf gives dockerd the flag --live-restore,"},
		"another runtime": {machine(hosttest.File("/var/lib/kubelet/config.yaml", "containerRuntimeEndpoint: unix:///run/containerd/containerd.sock\n")), plain,
			"hostler does not change the container runtime of a node: containerd serves it"},
		"a socket elsewhere": {ready(docker26, hosttest.File("/etc/systemd/system/cri-docker.socket.d/a.conf", "[Socket]\nListenStream=\nListenStream=/run/other.sock\n"))(), plain,
			"/etc/systemd/system/cri-docker.socket.d/a.conf makes cri-dockerd listen at /run/other.sock"},
		"a folder with a blank":         {machine(), func(s *Spec) { s.BinDir = "/opt/my cni" }, `folder of network plugins "/opt/my cni" has blanks`},
		"a version that is none":        {ready("latest")(), plain, `docker package version "latest" does not begin with two numbers`},
		"a link in the place of a file": {machine(hosttest.File("/srv/d.json", "{}"), hosttest.Dir("/etc/docker", 0o755), hosttest.Link(defaultConfigFile, "/srv/d.json")), plain, "is a symbolic link to /srv/d.json"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := stepFor(c.spec)().Plan(t.Context(), c.host)
			if _, failure := steps.Split(err); failure == nil || !strings.Contains(failure.Error(), c.want) {
				t.Errorf("got %v, want %q in it", failure, c.want)
			}
		})
	}
}

// TestFlagsThatCount has a command line that a later drop-in has taken back.
func TestFlagsThatCount(t *testing.T) {
	t.Parallel()
	const dir = "/etc/systemd/system/docker.service.d/"
	h := ready(docker26, hosttest.File(dir+"a.conf", "[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd --live-restore\n"),
		hosttest.File(dir+"b.conf", "[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd://\n"),
		hosttest.File("/etc/default/docker", "DOCKER_OPTS=\"--log-opt max-size=1m\"\n"))()
	if _, err := stepFor()().Plan(t.Context(), h); err != nil {
		t.Errorf("got %v, want the last drop-in, which reads no options, to count", err)
	}
}

func TestRuntime(t *testing.T) {
	t.Parallel()
	runtime := spec().Runtime()
	if runtime.Socket != cri.DockerSocket || runtime.Unit != criDockerdUnit || len(runtime.Probes()) != 3 {
		t.Errorf("got %+v with %d probes, want cri-dockerd's socket and unit, and 3", runtime, len(runtime.Probes()))
	}
	for name, c := range map[string]struct {
		host *hosttest.Fake
		want string
	}{
		"cgroups v2":                              {machine(), systemd},
		"cgroups v1 and no Docker":                {machine(version1()), systemd},
		"cgroups v1 and a Docker that ran":        {machine(version1(), hosttest.Dir("/var/lib/docker/containers", 0o710)), cgroupfs},
		"cgroups v1 and a Docker elsewhere":       {machine(version1(), daemonJSON(`{"data-root": "/srv/d"}`), hosttest.Dir("/srv/d/containers", 0o710)), cgroupfs},
		"cgroups v1 and the administrator's word": {machine(version1(), daemonJSON(`{"exec-opts": ["native.cgroupdriver=systemd"]}`), hosttest.Dir("/var/lib/docker/containers", 0o710)), systemd},
		"cgroups v2 against an old word":          {machine(daemonJSON(`{"exec-opts": ["native.cgroupdriver=cgroupfs"]}`)), systemd},
		"an image":                                {hosttest.New(hosttest.Image()), systemd},
	} {
		if got, err := runtime.Driver(t.Context(), c.host); err != nil || got != c.want {
			t.Errorf("%s: got driver %q, %v, want %q", name, got, err, c.want)
		}
	}
}

func TestBadPair(t *testing.T) {
	t.Parallel()
	for _, good := range [][2]string{{"", "1.36.3"}, {"18.09.9", ""}, {"19.03.15", "1.36.3"}, {docker26, "1.36.3"}, {"5:20.10.20~3-0~debian-bookworm", "1.24.0"}} {
		if err := BadPair(good[0], good[1]); err != nil {
			t.Errorf("%v: got %v, want a good pair", good, err)
		}
	}
	for _, bad := range [][2]string{{"18.09.9", "1.24.0"}, {"5:18.09.9~3-0~debian-stretch", "1.36.3"}, {"18.06.3~ce", "1.19.0"}, {"docker", "1.36.3"}} {
		if err := BadPair(bad[0], bad[1]); err == nil {
			t.Errorf("%v: got a good pair, want an error", bad)
		}
	}
}
