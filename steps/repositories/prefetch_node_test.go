//go:build node

package repositories_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/distros/pkgmgr/repository"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
	"github.com/hostler-dev/hostler/steps/packages"
	"github.com/hostler-dev/hostler/steps/repositories"
)

// node is the machine that the test runs on: test/e2e builds this test with -tags
// node and runs it in the test bed, where there are repositories of two minor versions.
type node struct {
	t      *testing.T
	host   *host.OS
	engine *engine.Engine
}

func openNode(t *testing.T) node {
	t.Helper()
	if _, err := os.Stat("/etc/testbed"); err != nil {
		t.Fatalf("this is no node of the test bed, and its packages are to be kept: %v", err)
	}
	state := filepath.Join(t.TempDir(), "state")
	h, err := host.Open("/", host.Options{StateDir: state})
	must(t, err)
	t.Cleanup(func() { _ = h.Close() })
	codec, err := op.NewCodec(op.Kinds(), pkgmgr.Kinds())
	must(t, err)
	e, err := engine.New(engine.Config{Host: h, Codec: codec, StateDir: state})
	must(t, err)
	return node{t, h, e}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// minor wishes for a kubelet from the repository of its minor version, which is described
// in one file for all of them.
func (n node) minor(address, version string) []steps.Step {
	n.t.Helper()
	key, err := os.ReadFile(os.Getenv("REPOSITORY_KEY"))
	must(n.t, err)
	described := []repository.Spec{{Name: "kubernetes", URL: address, Suite: "/", Key: key}}
	first, err := repositories.New(repositories.Spec{
		Manager: distros.Apt, Repositories: described,
		Dirs: repository.Dirs{Sources: "/etc/apt/sources.list.d", Keys: "/etc/apt/keyrings"},
	})
	must(n.t, err)
	second, err := packages.New("packages", packages.Spec{
		Manager: distros.Apt, Repositories: described,
		Install: []packages.Package{{Name: "kubernetes-cni"}, {Name: "kubelet", Version: version, Hold: true}},
	})
	must(n.t, err)
	return []steps.Step{first, second}
}

func (n node) run(argv ...string) string {
	n.t.Helper()
	out, err := n.host.Run(n.t.Context(), host.Command{Argv: argv})
	must(n.t, err)
	return string(out.Stdout)
}

// offline runs do while the repositories' server cannot be reached.
func (n node) offline(do func()) {
	n.t.Helper()
	address, err := url.Parse(os.Getenv("REPOSITORY_NEW"))
	must(n.t, err)
	n.run("ip", "route", "add", "unreachable", address.Hostname())
	defer n.run("ip", "route", "del", "unreachable", address.Hostname())
	do()
}

// look is what a prefetch must leave alone.
func (n node) look() []string {
	n.t.Helper()
	script := `find /etc/apt /etc/default -type f -exec sha256sum {} + | sort -k 2
dpkg-query --show --showformat '${db:Status-Abbrev} ${Package} ${Version}\n'
ls --hide=lock --hide=partial --hide=auxfiles /var/lib/apt/lists
ls /var/cache/hostler 2>/dev/null | grep -v '^lists$' || true`
	return strings.Split(n.run("sh", "-ec", script), "\n")
}

func (n node) prefetch(list []steps.Step) {
	n.t.Helper()
	before := n.look()
	fetched, err := n.engine.Prefetch(n.t.Context(), list)
	must(n.t, err)
	if fetched.Fetched < 2 {
		n.t.Errorf("got %d ops fetched for, want at least the lists and the kubelet", fetched.Fetched)
	}
	if diff := cmp.Diff(before, n.look()); diff != "" {
		n.t.Errorf("a prefetch leaves the node as it was (-before +after):\n%s", diff)
	}
}

func (n node) wantKubelet(version string) {
	n.t.Helper()
	if got := n.run("dpkg-query", "-W", "-f", "${Version}", "kubelet"); got != version+"-1.1" {
		n.t.Errorf("got kubelet %s want %s", got, version)
	}
}

func (n node) apply(list []steps.Step) {
	n.t.Helper()
	result, err := n.engine.Apply(n.t.Context(), list, engine.Options{Revision: "r", MaxImpact: steps.Drain})
	must(n.t, err)
	if result.Outcome != engine.Done {
		n.t.Fatalf("apply: got %+v want done", result)
	}
}

// TestNodePrefetch: what is fetched ahead is enough, there and back.
func TestNodePrefetch(t *testing.T) {
	n := openNode(t)
	older, newer := os.Getenv("KUBERNETES_OLD"), os.Getenv("KUBERNETES_NEW")
	n.run("apt-get", "update") // the distribution's own, where dependencies are

	first := n.minor(os.Getenv("REPOSITORY_OLD"), older)
	n.prefetch(first)
	n.offline(func() { n.apply(first) })
	n.wantKubelet(older)

	// As on a node whose image was made from these packages: no archive is left.
	n.run("apt-get", "clean")
	before := n.look()
	second := n.minor(os.Getenv("REPOSITORY_NEW"), newer)
	n.prefetch(second)
	n.offline(func() {
		n.apply(second)
		n.wantKubelet(newer)
		result, err := n.engine.Rollback(t.Context(), 0, engine.Options{})
		must(t, err)
		if result.Outcome != engine.Done {
			t.Errorf("rollback: got %+v want done", result)
		}
	})
	n.wantKubelet(older)
	if diff := cmp.Diff(before, n.look()); diff != "" {
		t.Errorf("there and back (-before +after):\n%s", diff)
	}
}
