//go:build cluster

package cluster

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// shared is the run of this package's tests.
var shared *Run

func TestMain(m *testing.M) {
	if os.Getenv(victimEnv) != "" {
		os.Exit(runVictim())
	}
	os.Exit(Tests(m, Config{Progress: os.Stderr}, func(_ context.Context, run *Run) error {
		shared = run
		return nil
	}))
}

func bootNode(t *testing.T, run *Run, cfg NodeConfig) *Node {
	t.Helper()
	node, err := run.Node(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return node
}

func mustOutput(t *testing.T, node *Node, argv ...string) string {
	t.Helper()
	out, err := node.Output(t.Context(), argv...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

func TestNode(t *testing.T) {
	for _, suite := range Suites {
		t.Run("boots a bare "+suite, func(t *testing.T) {
			node := bootNode(t, shared, NodeConfig{Name: suite, Suite: suite})
			if got := mustOutput(t, node, "systemctl", "is-system-running"); got != "running" {
				t.Errorf("state of systemd: got %q, want running", got)
			}
			if got := mustOutput(t, node, "hostname"); got != suite {
				t.Errorf("host name: got %q, want %q", got, suite)
			}
			for _, program := range []string{"containerd", "runc", "kubelet", "iptables"} {
				if path, err := node.Output(t.Context(), "which", program); err == nil {
					t.Errorf("a bare node has %s", path)
				}
			}
			mustOutput(t, node, "modprobe", "-a", "br_netfilter", "overlay", "nf_conntrack")
			mustOutput(t, node, "cat", "/proc/sys/net/bridge/bridge-nf-call-iptables")
			if _, err := node.Output(t.Context(), "modprobe", "no_such_module"); err == nil {
				t.Error("modprobe of a module that does not exist succeeded")
			}
		})
	}
}

func TestPower(t *testing.T) {
	node := bootNode(t, shared, NodeConfig{Name: "power"})
	before, err := node.BootID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := node.WriteFile(t.Context(), "/etc/kept", "before\n", 0o640); err != nil {
		t.Fatal(err)
	}

	// A command that runs must not keep the node from going down.
	running, err := node.Command(t.Context(), "sleep", "infinity")
	if err != nil {
		t.Fatal(err)
	}
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := node.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 45*time.Second {
		t.Errorf("reboot with a command running: got %s, want no wait of 90 s for it", took)
	}
	if err := ignoreExit(running.Wait()); err != nil {
		t.Error(err)
	}
	rebooted, err := node.BootID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if rebooted == before {
		t.Errorf("boot id after a reboot: got the same, %s", before)
	}

	if err := node.PowerCut(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := node.Output(t.Context(), "true"); !errors.Is(err, errOff) {
		t.Errorf("a command after a power cut: got error %v, want %v", err, errOff)
	}
	if err := node.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if started, err := node.BootID(t.Context()); err != nil || started == rebooted {
		t.Errorf("boot id after a power cut: got %q (%v), want another than %q", started, err, rebooted)
	}
	if got := mustOutput(t, node, "stat", "-c", "%a %U", "/etc/kept"); got != "640 root" {
		t.Errorf("mode and owner of a file written before: got %q, want %q", got, "640 root")
	}
	if got := mustOutput(t, node, "ip", "-brief", "-4", "address", "show", "host0"); !strings.Contains(got, node.Address.String()+"/24") {
		t.Errorf("host0 after a power cut: got %q, want the address %s", got, node.Address)
	}
}

func TestCableCut(t *testing.T) {
	node := bootNode(t, shared, NodeConfig{Name: "cable"})
	repository := demoRepository(t, node, RepositoryDemo)
	reach := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		_, err := node.Output(ctx, "apt-get", "-q", "-o", "Acquire::http::Timeout=3", "-o", "Acquire::Retries=0", "-o", "APT::Update::Error-Mode=any", "update")
		return err
	}
	if err := reach(); err != nil {
		t.Fatalf("before the cut, %s: %v", repository.URL, err)
	}
	if err := node.CutNetwork(); err != nil {
		t.Fatal(err)
	}
	if err := reach(); err == nil {
		t.Error("a node with a cut cable reached the repository")
	}
	if err := node.RestoreNetwork(); err != nil {
		t.Fatal(err)
	}
	if err := reach(); err != nil {
		t.Errorf("after the cable was plugged in again: %v", err)
	}
}

// demoRepository makes a node trust a repository and use nothing else.
func demoRepository(t *testing.T, node *Node, name string) Repository {
	t.Helper()
	repository, err := shared.Repository(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	const key = "/etc/apt/keyrings/test.asc"
	err = errors.Join(
		node.WriteFile(t.Context(), key, repository.Key, 0o644),
		node.WriteFile(t.Context(), "/etc/apt/sources.list", repository.SourceLine(key), 0o644))
	if err != nil {
		t.Fatal(err)
	}
	return repository
}

func TestRepository(t *testing.T) {
	node := bootNode(t, shared, NodeConfig{Name: "packages"})
	apt := func(args ...string) error {
		_, err := node.Output(t.Context(), append([]string{"env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"}, args...)...)
		return err
	}
	t.Run("installs the version that was asked for", func(t *testing.T) {
		demoRepository(t, node, RepositoryDemo)
		if err := errors.Join(apt("update"), apt("install", "hostler-demo=1.0-1")); err != nil {
			t.Fatal(err)
		}
		if got := mustOutput(t, node, "cat", "/usr/share/hostler-demo/version"); got != "1.0-1" {
			t.Errorf("installed version: got %q, want 1.0-1", got)
		}
	})
	t.Run("has a version that fails to install", func(t *testing.T) {
		if err := apt("install", "hostler-demo=2.0-1"); err == nil || !strings.Contains(err.Error(), "cannot be configured") {
			t.Errorf("got %v, want the complaint of the package", err)
		}
		if err := apt("install", "--allow-downgrades", "hostler-demo=1.1-1"); err != nil {
			t.Errorf("going back: %v", err)
		}
	})
	t.Run("is refused when it was changed after it was signed", func(t *testing.T) {
		demoRepository(t, node, RepositoryDemoTampered)
		err := apt("-o", "APT::Update::Error-Mode=any", "update")
		if err == nil || !strings.Contains(err.Error(), "BADSIG") {
			t.Errorf("got %v, want a bad signature", err)
		}
	})
	t.Run("can be read flat", func(t *testing.T) {
		repository := demoRepository(t, node, RepositoryDemo)
		repository.Suite, repository.Components = "/", nil
		if err := node.WriteFile(t.Context(), "/etc/apt/sources.list", repository.SourceLine("/etc/apt/keyrings/test.asc"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(apt("update"), apt("install", "--reinstall", "hostler-demo=1.1-1")); err != nil {
			t.Error(err)
		}
	})
}

// TestBareNodeGetsRuntime shows that the repositories are complete: all that containerd and the kubelet depend on is in them.
func TestBareNodeGetsRuntime(t *testing.T) {
	for _, suite := range Suites {
		t.Run("on "+suite, func(t *testing.T) {
			node := bootNode(t, shared, NodeConfig{Name: "runtime-" + suite, Suite: suite})
			debian := demoRepository(t, node, RepositoryDebian(suite))
			kubernetes, err := shared.Repository(t.Context(), RepositoryKubernetes)
			if err != nil {
				t.Fatal(err)
			}
			const key = "/etc/apt/keyrings/test.asc"
			if err := node.WriteFile(t.Context(), "/etc/apt/sources.list", debian.SourceLine(key)+kubernetes.SourceLine(key), 0o644); err != nil {
				t.Fatal(err)
			}
			_, err = node.Shell(t.Context(), "apt-get -q update; DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install containerd kubelet="+Kubernetes+packageRevision)
			if err != nil {
				t.Fatal(err)
			}
			if got := mustOutput(t, node, "kubelet", "--version"); got != "Kubernetes v"+Kubernetes {
				t.Errorf("kubelet: got %q, want v%s", got, Kubernetes)
			}
			mustOutput(t, node, "systemctl", "is-active", "containerd")
		})
	}
}

func TestControlPlane(t *testing.T) {
	cp, err := shared.ControlPlane(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Run("issues a certificate for the request of a bootstrap token", func(t *testing.T) {
		request := requestNodeCertificate(t, cp, "newcomer")
		deadline := time.Now().Add(30 * time.Second)
		for {
			certificate, err := cp.Kubectl(t.Context(), "get", "csr", request, "-o=jsonpath={.status.certificate}")
			if err == nil && certificate != "" {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("no certificate: %v", err)
			}
			if err := pause(t.Context(), 200*time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Run("comes back after its API server was killed", func(t *testing.T) {
		if err := cp.APIServer.Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := cp.Kubectl(t.Context(), "get", "--raw=/readyz"); err == nil {
			t.Error("a killed API server answered")
		}
		if err := cp.StartAPIServer(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// requestNodeCertificate asks for a node's client certificate as a kubelet does that has only a bootstrap token, and returns the
// name of the request.
func requestNodeCertificate(t *testing.T, cp *ControlPlane, node string) string {
	t.Helper()
	token, err := cp.BootstrapToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	config, err := cp.BootstrapKubeconfig(token)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := newCommand(t.Context(), cp.kubectl, "--kubeconfig="+path, "create", "-f", "-", "-o=jsonpath={.metadata.name}")
	cmd.Stdin = strings.NewReader(nodeRequest(t, node))
	name, err := outputOf(t.Context(), cmd)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// victimEnv makes the test binary a process that starts a run, says so, and waits to be killed.
const victimEnv = "HOSTLER_TEST_CLUSTER_VICTIM"

func runVictim() int {
	run, err := openRun(context.Background(), Config{})
	if err == nil {
		_, err = run.Node(context.Background(), NodeConfig{Name: "left"})
	}
	if err != nil {
		os.Stderr.WriteString(err.Error())
		return 1
	}
	os.Stdout.WriteString(run.ID)
	os.Stdout.Close()
	select {}
}

func TestSweep(t *testing.T) {
	node := bootNode(t, shared, NodeConfig{Name: "bystander"})
	before, err := node.BootID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	victim := exec.Command("/proc/self/exe")
	victim.Env = append(os.Environ(), victimEnv+"=1")
	said, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 16)
	n, err := said.Read(buf)
	if err != nil {
		t.Fatalf("the other run did not start: %v", err)
	}
	id := string(buf[:n])
	dir := filepath.Join(runsFolder, id)
	cgroups, err := os.ReadFile(filepath.Join(dir, "cgroups"))
	if err != nil {
		t.Fatal(err)
	}

	if err := Sweep(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("the sweep touched a live run: %v", err)
	}
	if err := errors.Join(victim.Process.Signal(unix.SIGKILL), ignoreExit(victim.Wait())); err != nil {
		t.Fatal(err)
	}
	if err := Sweep(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	for _, path := range append(strings.Fields(string(cgroups)), dir) {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("after the sweep there is still %s", path)
		}
	}
	if _, err := netlink.LinkByName(bridgeOf(id)); err == nil {
		t.Errorf("after the sweep there is still the bridge %s", bridgeOf(id))
	}
	if after, err := node.BootID(t.Context()); err != nil || after != before {
		t.Errorf("a node of the living run: got boot %q (%v), want %q as before", after, err, before)
	}
}

func ignoreExit(err error) error {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return nil
	}
	return err
}

func TestTwoRuns(t *testing.T) {
	other, err := New(t.Context(), shared.assets)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	ours := bootNode(t, shared, NodeConfig{Name: "same-name"})
	theirs := bootNode(t, other, NodeConfig{Name: "same-name"})
	if ours.Address == theirs.Address {
		t.Errorf("both nodes have the address %s", ours.Address)
	}
	unit := []string{"systemd-run", "--unit=probe", "sleep", "600"}
	mustOutput(t, ours, unit...)
	mustOutput(t, theirs, unit...)
	mustOutput(t, theirs, "systemctl", "stop", "probe")
	if got := mustOutput(t, ours, "systemctl", "is-active", "probe"); got != "active" {
		t.Errorf("a unit whose namesake in the other run was stopped: got %s, want active", got)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if got := mustOutput(t, ours, "systemctl", "is-active", "probe"); got != "active" {
		t.Errorf("a unit after the other run was closed: got %s, want active", got)
	}
}

func TestClose(t *testing.T) {
	run, err := New(t.Context(), shared.assets)
	if err != nil {
		t.Fatal(err)
	}
	booted := make(chan error, 1)
	go func() {
		_, err := run.Node(t.Context(), NodeConfig{Name: "cut-short"})
		booted <- err
	}()
	waitForFile(t, filepath.Join(run.dir, "nodes", "cut-short", "root"))
	if err := run.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-booted; !errors.Is(err, errClosed) {
		t.Errorf("a node that boots while its run is closed: got %v, want %v", err, errClosed)
	}
	if _, err := run.Node(t.Context(), NodeConfig{}); !errors.Is(err, errClosed) {
		t.Errorf("a node of a closed run: got %v, want %v", err, errClosed)
	}
	for _, path := range append(run.cgroup.paths, run.dir) {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("after Close there is still %s", path)
		}
	}
}

// waitForFile waits until a path exists.
func waitForFile(t *testing.T, path string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		if _, err := os.Stat(path); err == nil {
			return
		}
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			t.Fatalf("waiting for %s: %v", path, err)
		}
	}
}
