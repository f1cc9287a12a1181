package structure

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/hostler-dev/hostler/"

// rooms are the layers of hostler, from the ground up. A package may import its
// own room and those above it in this list. A prefix with a slash at its end is
// a folder; the longest prefix that fits decides.
var rooms = []struct {
	name     string
	prefixes []string
}{
	{"steps/host", []string{"steps/host/"}},
	{"steps", []string{"steps"}},
	{"steps/op", []string{"steps/op/"}},
	{"distros", []string{"distros/"}},
	{"step packages", []string{"steps/", "cri/", "network/", "sysctl/"}},
	{"agent", []string{"agent/"}},
	{"cmd", []string{"cmd/"}},
}

// exceptions are what the list cannot say.
var exceptions = map[string][]string{
	// The engine knows the contract and nothing that fulfils it.
	"steps/engine": {"steps", "steps/host"},
	// The harness runs steps through the engine.
	"steps/steptest": {"steps", "steps/host", "steps/host/hosttest", "steps/op", "steps/engine"},
}

type goPackage struct {
	ImportPath string
	Doc        string
	Imports    []string
	Deps       []string
}

// packages lists hostler's own packages, without tests.
func packages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Doc,Imports,Deps", module+"...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var found []goPackage
	decoder := json.NewDecoder(bytes.NewReader(out))
	for {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		found = append(found, p)
	}
	if len(found) < 20 {
		t.Fatalf("go list found %d packages, want all of hostler", len(found))
	}
	return found
}

func own(importPath string) (string, bool) { return strings.CutPrefix(importPath, module) }

// room returns the number of a package's layer, -1 for packages of test/.
func room(name string) int {
	best, length := -1, -1
	for i, r := range rooms {
		for _, prefix := range r.prefixes {
			itself := strings.TrimSuffix(prefix, "/")
			fits := name == itself || itself != prefix && strings.HasPrefix(name, prefix)
			if fits && len(itself) > length { // of two that fit alike, the one further down in the ground
				best, length = i, len(itself)
			}
		}
	}
	return best
}

// allowed tells whether one of hostler's packages may import another.
func allowed(from, to string) bool {
	if list, ok := exceptions[from]; ok {
		return slices.Contains(list, to)
	}
	if strings.HasPrefix(from, "test/") {
		return true
	}
	// Only harnesses import the engine below agent.
	if to == "steps/engine" || to == "steps/steptest" {
		return room(from) >= room("agent/x")
	}
	return room(to) >= 0 && room(to) <= room(from)
}

func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		from, _ := own(p.ImportPath)
		for _, imported := range p.Imports {
			if to, mine := own(imported); mine && !allowed(from, to) {
				t.Errorf("%s imports %s: the way is cmd → agent → step packages → distros → steps/op → steps → steps/host, and steps/engine → steps", from, to)
			}
		}
	}
}

func TestRulesRefuseTheWrongWay(t *testing.T) {
	t.Parallel()
	for _, edge := range [][2]string{
		{"steps/host", "steps"}, {"steps", "steps/op"}, {"steps/op", "distros"}, {"distros", "sysctl"}, {"sysctl", "agent/api/v1alpha1"},
		{"steps/kubelet", "steps/engine"}, {"steps/engine", "steps/op"}, {"agent", "cmd/hostler"}, {"cri/containerd", "test/cluster"},
	} {
		if allowed(edge[0], edge[1]) {
			t.Errorf("got %s → %s allowed, want it refused", edge[0], edge[1])
		}
	}
}

// Only agent/ may know a Kubernetes API server: whoever links client-go below it
// makes a step that cannot be tested, or used, without a cluster.
func TestOnlyAgentKnowsTheAPIServer(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		name, _ := own(p.ImportPath)
		if strings.HasPrefix(name, "agent") || strings.HasPrefix(name, "cmd/") || strings.HasPrefix(name, "test/") {
			continue
		}
		for _, dep := range p.Deps {
			if strings.HasPrefix(dep, "k8s.io/client-go") || strings.HasPrefix(dep, "sigs.k8s.io/controller-runtime") {
				t.Errorf("%s depends on %s, which belongs below agent/", name, dep)
				break
			}
		}
	}
}

// The agent is to rest in 30 MB with one watch; controller-runtime brings informers, and belongs to the coordinator.
func TestOnlyTheCoordinatorLinksControllerRuntime(t *testing.T) {
	t.Parallel()
	seen := false
	for _, p := range packages(t) {
		name, _ := own(p.ImportPath)
		links := slices.ContainsFunc(p.Deps, func(dep string) bool { return strings.HasPrefix(dep, "sigs.k8s.io/controller-runtime") })
		may := name == "agent/coordinator" || strings.HasPrefix(name, "agent/coordinator/") || strings.HasPrefix(name, "cmd/") || strings.HasPrefix(name, "test/")
		if links && !may {
			t.Errorf("%s depends on controller-runtime, which belongs to agent/coordinator alone", name)
		}
		seen = seen || links && name == "agent/coordinator"
	}
	if !seen {
		t.Error("agent/coordinator does not link controller-runtime: this test looks for something that is not there")
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if len(p.Doc) < 20 {
			t.Errorf("%s has no package comment: one paragraph on what it is for", p.ImportPath)
		}
		if base := path.Base(p.ImportPath); slices.Contains([]string{"util", "utils", "common", "helpers", "misc"}, base) {
			t.Errorf("%s: a package is called after its idea, and %q is none", p.ImportPath, base)
		}
	}
}

// Whoever imports os/exec runs commands without deadline and process group, so
// only steps/host does.
func TestOnlyTheHostRunsCommands(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		name, _ := own(p.ImportPath)
		if slices.Contains(p.Imports, "os/exec") && name != "steps/host" && !strings.HasPrefix(name, "test/") {
			t.Errorf("%s imports os/exec: run commands through host.Host, and host.View where they only read", name)
		}
	}
}
