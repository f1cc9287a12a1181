//go:build cluster

package e2e

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/test/cluster"
)

// worker is the machine of TestWorker, and what its chapters found out.
type worker struct {
	machine
	cp *cluster.ControlPlane
	// bare is the machine before hostler came.
	bare facts
}

// TestWorker is the life of one machine, from bare through Ready, drift and a reboot back to bare.
func TestWorker(t *testing.T) {
	t.Parallel()
	w := &worker{machine: boot(t, cluster.NodeConfig{Name: "worker"}, binaries.plain)}
	w.cp = w.canJoin(t)
	w.give(t, workerGroup(t))
	w.bare = w.look(t)
	for _, chapter := range []struct {
		name string
		test func(*testing.T)
	}{
		{"plan says what is missing, and touches nothing", w.plans},
		{"apply makes it a Ready node", w.becomesReady},
		{"a pod runs on it, with an address of the subnet", w.runsPod},
		{"a second apply does nothing", w.staysAsItIs},
		{"verify names what was changed by hand, and apply repairs just that", w.drifts},
		{"a reboot changes nothing", w.reboots},
		{"rollback gives the bare machine back", w.goesBack},
	} {
		if !t.Run(chapter.name, chapter.test) {
			t.FailNow()
		}
	}
}

func (w *worker) plans(t *testing.T) {
	before := w.touched(t)
	planned := w.wantHostler(t, 3, "plan", "-f", groupFile, "-o", "json")
	wantSame(t, "the machine, by the times of its files", before, w.touched(t),
		exception{"time of /root*", "the person's own"})
	wantSame(t, "the machine", w.bare, w.look(t))

	wantPlanFields(t, planned.stdout)
	d := readDocument(t, planned.stdout)
	if d.Node != "worker" || d.NodeGroup != "worker" || !strings.HasPrefix(d.Revision, "worker-") || d.Hash == "" {
		t.Errorf("got node %q, group %q, revision %q, hash %q, want worker, worker, worker-…, and one", d.Node, d.NodeGroup, d.Revision, d.Hash)
	}
	if d.Distro.ID != "debian" || d.Distro.Version != "12" || d.Distro.PackageManager != "apt" {
		t.Errorf("got distribution %+v, want debian 12 with apt", d.Distro)
	}
	for _, key := range []string{"package:containerd", "package:kubelet", "package-hold:kubelet", "file:/etc/motd", "sysctl:net.ipv4.ip_forward", "unit:kubelet.service"} {
		if !slices.Contains(d.keys(), key) {
			t.Errorf("the plan lacks %s: %q", key, d.keys())
		}
	}
	again := readDocument(t, w.wantHostler(t, 3, "plan", "-f", groupFile, "-o", "json").stdout)
	if again.Hash != d.Hash {
		t.Errorf("hash of the plan of an unchanged machine: got %s, want %s as before", again.Hash, d.Hash)
	}
}

// wantPlanFields checks the names in the JSON of a plan, which other programs read.
func wantPlanFields(t *testing.T, text string) {
	t.Helper()
	var plan map[string]json.RawMessage
	must(t, json.Unmarshal([]byte(text), &plan))
	wantFields(t, "plan", plan, "node", "nodeGroup", "revision", "distro", "impact", "hash", "ops", "waits")
	var distro map[string]json.RawMessage
	must(t, json.Unmarshal(plan["distro"], &distro))
	wantFields(t, "distro", distro, "id", "version", "family", "packageManager", "supported")
	var ops []map[string]json.RawMessage
	must(t, json.Unmarshal(plan["ops"], &ops))
	for _, op := range ops {
		wantFields(t, "op "+string(op["key"]), op, "step", "key", "action", "impact", "undo")
	}
}

func wantFields(t *testing.T, what string, object map[string]json.RawMessage, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, ok := object[name]; !ok {
			t.Errorf("%s has no field %q", what, name)
		}
	}
}

func (w *worker) becomesReady(t *testing.T) {
	w.wantHostler(t, 0, "apply", "-f", groupFile)
	w.wantReady(t, w.cp, cluster.Kubernetes)
	if got := w.kubectl(t, w.cp, "get", "node", w.Name, "-o=jsonpath={.metadata.labels.example\\.com/pool}"); got != "worker" {
		t.Errorf("label example.com/pool: got %q, want worker", got)
	}
	const fresh = `{.spec.taints[?(@.key=="example.com/fresh")]['value','effect']}`
	if got := w.kubectl(t, w.cp, "get", "node", w.Name, "-o=jsonpath="+fresh); got != "true PreferNoSchedule" {
		t.Errorf("taint example.com/fresh: got %q, want %q", got, "true PreferNoSchedule")
	}
	if got := w.output(t, "dpkg-query", "-W", "-f", "${Version}", "kubelet"); got != cluster.Kubernetes+"-1.1" {
		t.Errorf("version of the package kubelet: got %s, want %s-1.1", got, cluster.Kubernetes)
	}
	if held := strings.Fields(w.output(t, "apt-mark", "showhold")); !slices.Contains(held, "kubelet") || !slices.Contains(held, "kubectl") {
		t.Errorf("got holds %q, want kubelet and kubectl among them", held)
	}
	if failed := w.output(t, "systemctl", "list-units", "--state=failed", "--no-legend", "--plain"); failed != "" {
		t.Errorf("units failed: %s", failed)
	}
	w.converged(t)
}

// wantReady waits until the API server says that the node is Ready with a version of the kubelet.
func (m machine) wantReady(t *testing.T, cp *cluster.ControlPlane, version string) {
	t.Helper()
	m.kubectl(t, cp, "wait", "node/"+m.Name, "--for=condition=Ready", "--timeout=60s")
	if got := m.kubectl(t, cp, "get", "node", m.Name, "-o=jsonpath={.status.nodeInfo.kubeletVersion}"); got != "v"+version {
		t.Errorf("kubelet of node %s: got %s, want v%s", m.Name, got, version)
	}
}

func (m machine) kubectl(t *testing.T, cp *cluster.ControlPlane, args ...string) string {
	t.Helper()
	out, err := cp.Kubectl(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

// runPod runs a pod on the machine until it is Ready, and returns its address.
func (m machine) runPod(t *testing.T, cp *cluster.ControlPlane) netip.Addr {
	t.Helper()
	must(t, m.ImportImages(t.Context(), assets))
	must(t, cp.Apply(t.Context(), `
apiVersion: v1
kind: Pod
metadata: {name: on-`+m.Name+`}
spec:
  nodeName: `+m.Name+`
  tolerations: [{operator: Exists}]
  containers: [{name: web, image: "`+cluster.WebImage+`", imagePullPolicy: Never}]
`))
	m.kubectl(t, cp, "wait", "pod/on-"+m.Name, "--for=condition=Ready", "--timeout=60s")
	address, err := netip.ParseAddr(m.kubectl(t, cp, "get", "pod", "on-"+m.Name, "-o=jsonpath={.status.podIP}"))
	must(t, err)
	return address
}

func (w *worker) runsPod(t *testing.T) {
	address := w.runPod(t, w.cp)
	if !netip.MustParsePrefix(podSubnet).Contains(address) {
		t.Errorf("address of the pod: got %s, want one in %s", address, podSubnet)
	}
}

func (w *worker) staysAsItIs(t *testing.T) {
	lives, before, runs := w.lives(t), w.look(t), len(w.runs(t))
	r := w.wantHostler(t, 0, "apply", "-f", groupFile, "-o", "json")
	var done struct {
		Outcome string
		Ops     int
	}
	must(t, json.Unmarshal([]byte(r.stdout), &done))
	if done.Outcome != "converged" || done.Ops != 0 {
		t.Errorf("got outcome %q with %d ops, want converged with none", done.Outcome, done.Ops)
	}
	wantSame(t, "units", lives, w.lives(t))
	wantSame(t, "the machine", before, w.look(t))
	if got := len(w.runs(t)); got != runs {
		t.Errorf("got %d runs in the history, want %d as before", got, runs)
	}
	w.converged(t)
}

func (w *worker) reboots(t *testing.T) {
	must(t, w.Reboot(t.Context()))
	w.converged(t)
	w.wantReady(t, w.cp, cluster.Kubernetes)
	w.kubectl(t, w.cp, "wait", "pod/on-"+w.Name, "--for=condition=Ready", "--timeout=60s")
	w.converged(t)
}
