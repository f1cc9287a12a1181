//go:build node

package containerd_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/hostler-dev/hostler/cri"
	"github.com/hostler-dev/hostler/cri/containerd"
	"github.com/hostler-dev/hostler/cri/ocispec"
	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
	"github.com/hostler-dev/hostler/steps/packages"
)

// mirror is a registry that has nothing and remembers who was asked for what.
type mirror struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string
}

func newMirror(t *testing.T) *mirror {
	t.Helper()
	m := &mirror{}
	m.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.asked = append(m.asked, r.URL.String())
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(m.Close)
	return m
}

// take returns what was asked since the last time.
func (m *mirror) take() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	asked := strings.Join(m.asked, " ")
	m.asked = nil
	return asked
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestRealContainerd has the machine's containerd read what the step writes.
// test/docker builds it with -tags node and runs it in the test bed.
func TestRealContainerd(t *testing.T) {
	if _, err := os.Stat("/etc/testbed"); err != nil {
		t.Fatalf("this is no node of the test bed, and its containerd is to be kept: %v", err)
	}
	state := filepath.Join(t.TempDir(), "state")
	h, err := host.Open("/", host.Options{StateDir: state})
	must(t, err)
	defer h.Close()
	codec, err := op.NewCodec(op.Kinds(), pkgmgr.Kinds())
	must(t, err)
	e, err := engine.New(engine.Config{Host: h, Codec: codec, StateDir: state, Settle: time.Second})
	must(t, err)
	manager, err := pkgmgr.For(distros.Apt)
	must(t, err)
	install, err := packages.New("cri/containerd", packages.Spec{Manager: distros.Apt, Install: []packages.Package{{Name: "containerd"}}})
	must(t, err)
	first, second := newMirror(t), newMirror(t)
	spec := containerd.Spec{
		Package: cri.Managed{Step: install, Manager: manager, PackageName: "containerd"},
		Registries: []containerd.Registry{
			{Host: "registry.example.test:5000", Mirrors: []containerd.Mirror{{URL: first.URL}, {URL: second.URL + "/v2/proxy"}}},
		},
		Runtimes: []containerd.Handler{
			{Name: "gvisor", Type: "io.containerd.runsc.v1", ConfigPath: "/etc/containerd/runsc.toml"},
			{Name: "other-runc", Type: "io.containerd.runc.v2", BinaryName: "/usr/sbin/runc"},
		},
		Rlimits: []ocispec.Rlimit{{Type: "RLIMIT_NOFILE", Soft: 65535, Hard: 65535}},
	}
	apply := func(want steps.Impact) {
		t.Helper()
		list := []steps.Step{containerd.New(spec)}
		plan, err := engine.MakePlan(t.Context(), h, list)
		must(t, err)
		if plan.Impact() > want {
			t.Errorf("got impact %s, want at most %s", plan.Impact(), want)
		}
		// That the CRI answers is the judgement on the file: it does not start with a wrong one.
		_, err = e.Apply(t.Context(), list, engine.Options{MaxImpact: steps.Restart, Probes: spec.Runtime().Probes()})
		must(t, err)
		if plan, err = engine.MakePlan(t.Context(), h, list); err != nil || !plan.Converged() {
			t.Errorf("a second plan: got %+v, %v, want no ops", plan, err)
		}
	}
	apply(steps.Restart)
	dump, err := h.Run(t.Context(), host.Command{Argv: []string{"containerd", "config", "dump"}})
	must(t, err)
	for _, want := range []string{
		`config_path = "/etc/containerd/certs.d"`, `base_runtime_spec = "/etc/containerd/hostler-base-spec.json"`,
		`runtime_type = "io.containerd.runsc.v1"`, `ConfigPath = "/etc/containerd/runsc.toml"`, `BinaryName = "/usr/sbin/runc"`,
	} {
		if !strings.Contains(strings.ReplaceAll(string(dump.Stdout), "'", `"`), want) {
			t.Errorf("containerd config dump lacks %s", want)
		}
	}

	pull(t, "registry.example.test:5000/team/app:1")
	if a, b := first.take(), second.take(); !strings.Contains(a, "/v2/team/app/manifests/1") || !strings.Contains(b, "/v2/proxy/team/app/manifests/1") {
		t.Errorf("got %q asked of the first mirror and %q of the second, want the manifest of both", a, b)
	}
	spec.Registries[0].Mirrors = spec.Registries[0].Mirrors[1:]
	apply(steps.None)
	pull(t, "registry.example.test:5000/team/app:2")
	if a, b := first.take(), second.take(); a != "" || b == "" {
		t.Errorf("got %q asked of the mirror that was taken out and %q of the other, want it only there, without a restart", a, b)
	}
}

// pull asks for an image that nobody has.
func pull(t *testing.T, image string) {
	t.Helper()
	conn, err := grpc.NewClient("unix://"+containerd.SocketPath, grpc.WithTransportCredentials(insecure.NewCredentials()))
	must(t, err)
	defer conn.Close()
	_, err = runtime.NewImageServiceClient(conn).PullImage(t.Context(), &runtime.PullImageRequest{Image: &runtime.ImageSpec{Image: image}})
	if err == nil {
		t.Errorf("%s: got it, want an error: nobody has it", image)
	}
}
