package cluster_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/node"
	"github.com/hostler-dev/hostler/agent/node/cluster"
	"github.com/hostler-dev/hostler/agent/render"
	"github.com/hostler-dev/hostler/steps/host"
)

// rig is a source between an API server and what it told.
type rig struct {
	t       *testing.T
	server  *apiServer
	kubelet *kubelet
	source  *cluster.Source

	mu   sync.Mutex
	news []node.News
}

// newRig starts a source. Without a credential it has to wait for one.
func newRig(t *testing.T, joined bool) *rig {
	t.Helper()
	r := &rig{t: t, server: newAPIServer(t), kubelet: &kubelet{t: t, root: t.TempDir()}}
	if joined {
		r.kubelet.join(r.server, "first")
	}
	v, err := host.Open(r.kubelet.root, host.Options{Image: true})
	if err != nil {
		t.Fatal(err)
	}
	r.source, err = cluster.New(cluster.Config{
		Host: v, Root: r.kubelet.root, Kubeconfig: kubeconfigPath, NodeName: "worker-1", Version: "v1", Retry: 5 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.source.Run(ctx, r.hear)
	}()
	t.Cleanup(func() {
		cancel()
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			t.Error("the source does not end")
		}
		_ = v.Close()
	})
	return r
}

func (r *rig) hear(n node.News) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.news = append(r.news, n)
}

func (r *rig) last() (node.News, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.news) == 0 {
		return node.News{}, false
	}
	return r.news[len(r.news)-1], true
}

func (r *rig) until(what string, reached func() bool) {
	r.t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !reached() {
		select {
		case <-deadline:
			last, _ := r.last()
			r.t.Fatalf("waited in vain for %s; the last news is %+v, and the server was asked %d times", what, last, r.server.requests(""))
		case <-tick.C:
		}
	}
}

// wanted waits until a revision is wanted.
func (r *rig) wanted(revision string) {
	r.t.Helper()
	r.until("revision "+revision, func() bool {
		n, _ := r.last()
		return n.Away == nil && n.Assignment != nil && n.Assignment.Spec.Revision == revision
	})
}

// nobody waits until nothing is wanted.
func (r *rig) nobody() {
	r.t.Helper()
	r.until("nothing to be wanted", func() bool {
		n, heard := r.last()
		return heard && n.Away == nil && n.Assignment == nil
	})
}

// away waits until the source cannot be asked, for a reason.
func (r *rig) away(reason string) {
	r.t.Helper()
	r.until("being away", func() bool {
		n, _ := r.last()
		return n.Away != nil && strings.Contains(n.Away.Error(), reason)
	})
}

func TestSourceTells(t *testing.T) {
	t.Parallel()
	t.Run("what is wanted, as it changes, goes and comes back", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, true)
		r.nobody()
		r.until("the watch", r.server.watching)
		r.server.put("a", "r1")
		r.wanted("r1")
		r.server.put("a", "r2")
		r.wanted("r2")
		if n, _ := r.last(); n.Assignment.UID != "a" || n.Assignment.Generation != 2 {
			t.Errorf("got %+v, want the ManagedNode's uid and generation", n.Assignment)
		}
		r.server.remove()
		r.nobody()
		r.server.put("b", "r1")
		r.wanted("r1")
		if got := r.server.requests("GET " + nodesPath); got != 2 {
			t.Errorf("got %d requests, want one list and one watch", got)
		}
	})
	t.Run("what is wanted after a watch that ended, from where it was", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, true)
		r.server.put("a", "r1")
		r.wanted("r1")
		r.until("the watch", r.server.watching)
		watched := time.Now() // one that ends at once is a fault, which this one is not
		r.until("a watch of some length", func() bool { return time.Since(watched) > 20*time.Millisecond })
		r.server.say(`{"type": "BOOKMARK", "object": {"kind": "ManagedNode", "apiVersion": "hostler.dev/v1alpha1", "metadata": {"resourceVersion": "77"}}}`)
		r.server.endWatches()
		r.until("another watch", r.server.watching)
		if got := r.server.requests("GET " + nodesPath + "?allowWatchBookmarks=true&fieldSelector=metadata.name%3Dworker-1&resourceVersion=77&watch=true"); got != 1 {
			t.Errorf("got %q, want a watch from the bookmark", r.server.asked)
		}
		r.server.put("a", "r2")
		r.wanted("r2")
	})
	t.Run("what is wanted after a watch that is too old", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, true)
		r.server.put("a", "r1")
		r.wanted("r1")
		r.until("the watch", r.server.watching)
		r.server.mu.Lock()
		r.server.object.Spec.Revision, r.server.object.Generation = "r2", 2 // in events that are gone
		r.server.send(`{"type": "ERROR", "object": ` + status(http.StatusGone, "Expired") + `}`)
		r.server.mu.Unlock()
		r.wanted("r2")
	})
	t.Run("nothing of other nodes", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, true)
		r.server.put("a", "r1")
		r.wanted("r1")
		r.until("the watch", r.server.watching)
		r.server.say(`{"type": "ADDED", "object": {"kind": "ManagedNode", "apiVersion": "hostler.dev/v1alpha1", "metadata": {"name": "worker-2", "resourceVersion": "12"}, "spec": {"revision": "r9"}}}`)
		r.server.say(`{"type": "DELETED", "object": {"kind": "ManagedNode", "apiVersion": "hostler.dev/v1alpha1", "metadata": {"name": "worker-2", "resourceVersion": "13"}}}`)
		r.server.put("a", "r2")
		r.wanted("r2")
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, n := range r.news {
			if n.Assignment == nil || n.Assignment.Spec.Revision == "r9" {
				t.Errorf("got %+v, want nothing of another node", n)
			}
		}
	})
}

func TestSourceIsAway(t *testing.T) {
	t.Parallel()
	answers := map[string]struct {
		refuse func(w http.ResponseWriter, r *http.Request) bool
		want   string
	}{
		"when the credential is refused": {func(w http.ResponseWriter, _ *http.Request) bool {
			fail(w, http.StatusUnauthorized, "Unauthorized")
			return true
		}, "asking for ManagedNode worker-1"},
		"when rights are missing": {func(w http.ResponseWriter, _ *http.Request) bool {
			fail(w, http.StatusForbidden, "Forbidden")
			return true
		}, "asking for ManagedNode worker-1"},
		"when the kind is not known (yet)": {func(w http.ResponseWriter, _ *http.Request) bool {
			http.Error(w, "404 page not found", http.StatusNotFound)
			return true
		}, "could not find the requested resource"},
		"when the answer is garbage":  {func(w http.ResponseWriter, _ *http.Request) bool { answer(w, "<html>"); return true }, "asking for ManagedNode worker-1"},
		"when the server is not well": {func(w http.ResponseWriter, _ *http.Request) bool { fail(w, 500, "InternalError"); return true }, "asking for ManagedNode worker-1"},
		"when the watch is refused": {func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Query().Get("watch") == "" {
				return false
			}
			fail(w, http.StatusForbidden, "Forbidden")
			return true
		}, "watching ManagedNode worker-1"},
		"when the watch ends again and again": {func(_ http.ResponseWriter, r *http.Request) bool { return r.URL.Query().Get("watch") != "" }, "ended the watch at once"},
		"when the watch sends garbage": {func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Query().Get("watch") != "" {
				answer(w, `{"type": "MODIFIED", "object": "x"}`)
				return true
			}
			return false
		}, "watching ManagedNode worker-1"},
	}
	for name, c := range answers {
		t.Run(name+", and comes back", func(t *testing.T) {
			t.Parallel()
			r := newRig(t, false)
			r.away("waiting for the kubelet to join its cluster")
			r.server.put("a", "r1")
			r.server.refuseWith(c.refuse)
			r.kubelet.join(r.server, "first")
			r.away(c.want)
			before := r.server.requests("GET")
			r.until("more tries", func() bool { return r.server.requests("GET") > before+2 })
			r.server.refuseWith(nil)
			r.wanted("r1")
			r.until("the watch", r.server.watching)
		})
	}
}

func TestSourceFollowsTheCredential(t *testing.T) {
	t.Parallel()
	r := newRig(t, true)
	r.server.put("a", "r1")
	r.wanted("r1")
	r.until("the watch", r.server.watching)
	r.source.Report(v1alpha1.ManagedNodeStatus{Phase: v1alpha1.PhaseUpToDate})
	r.until("the report", func() bool { return r.server.requests("PATCH") == 1 })
	// The API server takes the first one no longer, as when it has ended.
	r.server.refuseWith(func(w http.ResponseWriter, request *http.Request) bool {
		if request.TLS.PeerCertificates[0].Subject.CommonName == "second" {
			return false
		}
		fail(w, http.StatusUnauthorized, "Unauthorized")
		return true
	})
	r.kubelet.rotate("second")
	r.until("a request with the new certificate", func() bool { return r.server.hasClient("second") })
	r.wanted("r1")
	r.source.Report(v1alpha1.ManagedNodeStatus{Phase: v1alpha1.PhasePaused})
	r.until("the report with the new certificate", func() bool {
		r.server.mu.Lock()
		defer r.server.mu.Unlock()
		return r.server.object.Status.Phase == v1alpha1.PhasePaused
	})
}

func TestReports(t *testing.T) {
	t.Parallel()
	r := newRig(t, true)
	r.source.Report(v1alpha1.ManagedNodeStatus{Phase: v1alpha1.PhaseStaging})
	r.nobody()
	r.until("the watch", r.server.watching)
	if got := r.server.requests("PATCH"); got != 0 {
		t.Errorf("got %d reports, want none: there is no ManagedNode", got)
	}

	failing := true
	r.server.refuseWith(func(w http.ResponseWriter, request *http.Request) bool {
		if request.Method != http.MethodPatch || !failing {
			return false
		}
		fail(w, http.StatusServiceUnavailable, "ServiceUnavailable")
		return true
	})
	r.server.put("a", "r1")
	r.until("a report that is refused", func() bool { return r.server.requests("PATCH") > 1 })
	full := v1alpha1.ManagedNodeStatus{
		Phase: v1alpha1.PhaseRolledBack, ObservedGeneration: 1,
		Failure:    &v1alpha1.Failure{Revision: "r1", Outcome: v1alpha1.PhaseRolledBack, Message: "x"},
		Conditions: []metav1.Condition{{Type: "Applied", Status: "False", Reason: "x", LastTransitionTime: metav1.Now()}},
	}
	r.source.Report(full)
	r.server.refuseWith(func(http.ResponseWriter, *http.Request) bool { return false })
	delivered := func() v1alpha1.Phase {
		r.server.mu.Lock()
		defer r.server.mu.Unlock()
		if r.server.object == nil {
			return ""
		}
		return r.server.object.Status.Phase
	}
	r.until("the newest status", func() bool { return delivered() == v1alpha1.PhaseRolledBack })

	r.server.mu.Lock()
	patches := len(r.server.patches)
	var body map[string]map[string]any
	var whole map[string]any
	_ = json.Unmarshal([]byte(r.server.patches[patches-1]), &whole)
	data, _ := json.Marshal(map[string]any{"metadata": whole["metadata"], "status": whole["status"]})
	_ = json.Unmarshal(data, &body)
	r.server.mu.Unlock()
	if diff := cmp.Diff(map[string]any{"name": "worker-1", "uid": "a"}, body["metadata"]); diff != "" {
		t.Errorf("metadata differs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"revision": "r1", "outcome": "RolledBack", "message": "x"}, body["status"]["failure"]); diff != "" {
		t.Errorf("a time that is not set must not be there (-want +got):\n%s", diff)
	}
	if _, there := body["status"]["rollout"]; there {
		t.Error("got rollout, which is the coordinator's, in the agent's report")
	}

	// The same again is no report; another one is.
	r.source.Report(*full.DeepCopy())
	r.server.put("a", "r2")
	r.wanted("r2")
	r.server.mu.Lock()
	got := len(r.server.patches)
	r.server.mu.Unlock()
	if got != patches {
		t.Errorf("got %d reports, want no further one after %d", got, patches)
	}
	// Another ManagedNode of the same name knows nothing yet.
	r.server.remove()
	r.nobody()
	r.server.put("b", "r2")
	r.until("the report to the new one", func() bool { return delivered() == v1alpha1.PhaseRolledBack })
}

func TestRevision(t *testing.T) {
	t.Parallel()
	group := &v1alpha1.NodeGroup{}
	group.Name = "worker"
	group.Spec.OperatingSystem.Sysctl = map[string]string{"vm.max_map_count": "262144"}
	want, err := render.Render(group, nil)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(v1alpha1.NodeGroupRevision{
		TypeMeta:   metav1.TypeMeta{APIVersion: "hostler.dev/v1alpha1", Kind: "NodeGroupRevision"},
		ObjectMeta: metav1.ObjectMeta{Name: want.Name}, Spec: want.Spec,
	})
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, true)
	r.server.mu.Lock()
	r.server.revisions[want.Name] = string(data)
	r.server.revisions["garbage"] = "<html>"
	r.server.mu.Unlock()
	r.nobody()
	got, err := r.source.Revision(t.Context(), want.Name)
	if err != nil {
		t.Fatal(err)
	}
	if err := render.Verify(got); err != nil {
		t.Errorf("got %v, want the revision whole", err)
	}
	for _, name := range []string{"absent", "garbage"} {
		if _, err := r.source.Revision(t.Context(), name); err == nil {
			t.Errorf("got no error for revision %q", name)
		}
	}

	unjoined := newRig(t, false)
	unjoined.away("waiting for the kubelet")
	if _, err := unjoined.source.Revision(t.Context(), want.Name); err == nil {
		t.Error("got no error without a credential")
	}
	if n, _ := unjoined.last(); !errors.Is(n.Away, fs.ErrNotExist) {
		t.Errorf("got %v, want what is not there", n.Away)
	}
}
