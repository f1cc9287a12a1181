//go:build node

package docker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hostler-dev/hostler/cri"
	"github.com/hostler-dev/hostler/cri/docker"
	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
	"github.com/hostler-dev/hostler/steps/packages"
)

// node is the machine that the test runs on: test/docker builds this test with -tags
// node and runs it in the test bed.
type node struct {
	t      *testing.T
	host   *host.OS
	engine *engine.Engine
	spec   docker.Spec
}

func openNode(t *testing.T) node {
	t.Helper()
	if _, err := os.Stat("/etc/testbed"); err != nil {
		t.Fatalf("this is no node of the test bed, and its Docker is to be kept: %v", err)
	}
	state := filepath.Join(t.TempDir(), "state")
	h, err := host.Open("/", host.Options{StateDir: state})
	must(t, err)
	t.Cleanup(func() { _ = h.Close() })
	codec, err := op.NewCodec(op.Kinds(), pkgmgr.Kinds())
	must(t, err)
	e, err := engine.New(engine.Config{Host: h, Codec: codec, StateDir: state, Settle: time.Second})
	must(t, err)
	manager, err := pkgmgr.For(distros.Apt)
	must(t, err)
	install, err := packages.New("cri/docker", packages.Spec{Manager: distros.Apt, Install: []packages.Package{{Name: "docker.io"}}})
	must(t, err)
	return node{t, h, e, docker.Spec{LiveRestore: true, Package: cri.Managed{Step: install, Manager: manager, PackageName: "docker.io"}}}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (n node) run(argv ...string) string {
	n.t.Helper()
	out, err := n.host.Run(n.t.Context(), host.Command{Argv: argv})
	must(n.t, err)
	return strings.TrimSpace(string(out.Stdout))
}

// apply brings the host to the spec, which must cost what is said and converge.
func (n node) apply(want steps.Impact) {
	n.t.Helper()
	n.forgetStarts()
	list := []steps.Step{docker.New(n.spec)}
	plan, err := engine.MakePlan(n.t.Context(), n.host, list)
	must(n.t, err)
	if plan.Impact() != want {
		n.t.Errorf("got impact %s, want %s", plan.Impact(), want)
	}
	_, err = n.engine.Apply(n.t.Context(), list, engine.Options{MaxImpact: steps.Reboot, Probes: []steps.Probe{cri.NewStays("docker.service")}})
	must(n.t, err)
	plan, err = engine.MakePlan(n.t.Context(), n.host, list)
	must(n.t, err)
	if !plan.Converged() {
		n.t.Errorf("a second plan has ops, want none: %+v", plan.Ops)
	}
}

// forgetStarts lets the test restart dockerd more often than its unit allows, which is
// three times a minute.
func (n node) forgetStarts() {
	n.t.Helper()
	if unit, err := n.host.Unit(n.t.Context(), "docker.service"); err == nil && unit.LoadState == "loaded" {
		n.run("systemctl", "reset-failed", "docker.service")
	}
}

// state is which dockerd and which container run.
type state struct {
	daemon    string
	container int // process; 0: it does not run
}

func (n node) state() state {
	n.t.Helper()
	unit, err := n.host.Unit(n.t.Context(), "docker.service")
	must(n.t, err)
	var container struct {
		State struct {
			Running bool
			Pid     int
		}
	}
	n.call(http.MethodGet, "/containers/web/json", nil, &container)
	if !container.State.Running {
		return state{daemon: unit.ActiveSince.String()}
	}
	return state{unit.ActiveSince.String(), container.State.Pid}
}

// TestRealDocker takes one container through changes that promise to keep it, and
// through one that does not.
func TestRealDocker(t *testing.T) {
	n := openNode(t)
	// No bridge and no rules: the test bed's network is not the test's. The storage
	// driver is for a root that is an overlay itself.
	must(t, os.MkdirAll("/etc/docker", 0o755))
	must(t, os.WriteFile("/etc/docker/daemon.json", []byte(`{"storage-driver": "vfs", "bridge": "none", "iptables": false}`), 0o644))
	n.apply(steps.None)
	n.accepted()

	archive, err := os.Open(os.Getenv("IMAGE_ARCHIVE"))
	must(t, err)
	defer archive.Close()
	n.call(http.MethodPost, "/images/load", archive, nil)
	// Nothing in the test bed may lower its oom_score_adj.
	create := fmt.Sprintf(`{"Image": %q, "HostConfig": {"NetworkMode": "none", "OomScoreAdj": 1000}}`, os.Getenv("IMAGE"))
	n.call(http.MethodPost, "/containers/create?name=web", strings.NewReader(create), nil)
	n.call(http.MethodPost, "/containers/web/start", nil, nil)
	before := n.state()
	if before.container == 0 {
		t.Fatal("the container does not run")
	}

	n.spec.RegistryMirrors, n.spec.MaxConcurrentDownloads = []string{"https://mirror.example.test"}, 7
	n.apply(steps.Reload)
	if got := n.state(); got != before {
		t.Errorf("after a reload: got %+v, want the same daemon and container as before, %+v", got, before)
	}
	if got := n.info().RegistryConfig.Mirrors; !slices.Equal(got, []string{"https://mirror.example.test/"}) {
		t.Errorf("got mirrors %q, want the new one without a restart", got)
	}

	n.spec.LogMaxSize = "50m"
	n.apply(steps.Restart)
	restarted := n.state()
	if restarted.daemon == before.daemon || restarted.container != before.container {
		t.Errorf("after a restart: got %+v, want another daemon and the same container as in %+v", restarted, before)
	}
	n.forgetStarts()
	_, err = n.engine.Rollback(t.Context(), 0, engine.Options{MaxImpact: steps.Restart})
	must(t, err)
	if got := n.state(); got.container != before.container {
		t.Errorf("after undo: got %+v, want the same container as in %+v", got, before)
	}

	n.spec.LiveRestore = false
	n.spec.LogMaxSize = ""
	n.apply(steps.Reload)
	if got := n.state(); got.container != before.container {
		t.Errorf("after switching live-restore off: got %+v, want the same container as in %+v", got, before)
	}
	n.spec.LogMaxSize = "50m"
	n.apply(steps.Drain)
	if got := n.state(); got.container == before.container {
		t.Errorf("after a restart without live-restore: got the same container %+v; if Docker keeps it now, Drain is too dear", got)
	}
}

// accepted asks the real dockerd about the file.
func (n node) accepted() {
	n.t.Helper()
	if strings.Contains(n.run("dockerd", "--help"), "--validate") { // from 23.0 on
		n.run("dockerd", "--validate", "--config-file", "/etc/docker/daemon.json")
	}
	want, err := n.spec.Runtime().Driver(n.t.Context(), n.host)
	must(n.t, err)
	if got := n.info(); got.CgroupDriver != want || got.LoggingDriver != "json-file" || !got.LiveRestoreEnabled || got.Driver != "vfs" {
		n.t.Errorf("got %+v, want cgroup driver %s, json-file, live-restore and the administrator's vfs", got, want)
	}
}

// info is what dockerd says about itself.
type info struct {
	CgroupDriver, LoggingDriver, Driver string
	LiveRestoreEnabled                  bool
	RegistryConfig                      struct{ Mirrors []string }
}

func (n node) info() (answer info) {
	n.t.Helper()
	n.call(http.MethodGet, "/info", nil, &answer)
	return answer
}

// call asks dockerd's API: its program for people is a package of its own in some
// releases.
func (n node) call(method, path string, body io.Reader, into any) {
	n.t.Helper()
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", "/run/docker.sock")
	}}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(n.t.Context(), method, "http://docker"+path, body)
	must(n.t, err)
	request.Header.Set("Content-Type", "application/json")
	if strings.HasPrefix(path, "/images/load") {
		request.Header.Set("Content-Type", "application/x-tar")
	}
	response, err := client.Do(request)
	must(n.t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	must(n.t, err)
	if response.StatusCode >= 300 {
		n.t.Fatalf("%s %s: %s: %s", method, path, response.Status, content)
	}
	if into != nil {
		must(n.t, json.Unmarshal(content, into))
	}
}
