package coordinator

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	apiversion "k8s.io/apimachinery/pkg/version"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

func TestPrometheusGate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		answer string
		want   string // part of the reason; empty: open
	}{
		"is open when nothing is returned":         {200, `{"status":"success","data":{"resultType":"vector","result":[]}}`, ""},
		"is closed by a series":                    {200, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]}]}}`, "1 series"},
		"is closed by a query that is wrong":       {400, `{"status":"error","errorType":"bad_data","error":"parse error"}`, "parse error"},
		"is closed by a query for a number":        {200, `{"status":"success","data":{"resultType":"scalar","result":[1,"0"]}}`, "returns a scalar"},
		"is closed by something else that answers": {502, `<html>`, "502"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = r.URL.Path + " " + r.FormValue("query")
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.answer))
			}))
			defer server.Close()
			answered := make(chan struct{}, 1)
			ticks := newClock()
			p := newPrometheus(ticks.now, func() { answered <- struct{}{} })
			gates := []v1alpha1.PrometheusGate{{URL: server.URL + "/", Query: `up == 0`}}
			if first := p.ask(gates, ticks.now()); first[0].Open || first[0].Reason == "" {
				t.Errorf("got %+v before the answer, want it closed, with a reason", first[0])
			}
			<-answered
			got := p.ask(gates, ticks.now())[0]
			if got.Open != (c.want == "") || !strings.Contains(got.Reason, c.want) {
				t.Errorf("got %+v, want the reason %q", got, c.want)
			}
			if asked != "/api/v1/query up == 0" {
				t.Errorf("the server was asked %q", asked)
			}
			ticks.pass(answerLasts)
			if old := p.ask(gates, ticks.now()); old[0].Open {
				t.Error("an old answer still opens the gate")
			}
			<-answered
		})
	}
	t.Run("is closed where nobody answers", func(t *testing.T) {
		t.Parallel()
		answered := make(chan struct{}, 1)
		ticks := newClock()
		p := newPrometheus(ticks.now, func() { answered <- struct{}{} })
		gates := []v1alpha1.PrometheusGate{{URL: "http://127.0.0.1:1", Query: "up"}}
		p.ask(gates, ticks.now())
		<-answered
		if got := p.ask(gates, ticks.now())[0]; got.Open || !strings.Contains(got.Reason, "cannot be asked") {
			t.Errorf("got %+v, want it closed, with the reason", got)
		}
	})
}

func daemonPod(name, node, owner string, ready bool) *corev1.Pod {
	p := &corev1.Pod{}
	p.Name, p.Namespace, p.Spec.NodeName = name, "kube-system", node
	controller := true
	p.OwnerReferences = []metav1.OwnerReference{{UID: types.UID(owner), Controller: &controller}}
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: status}}
	return p
}

func TestDaemonSetGate(t *testing.T) {
	t.Parallel()
	set := func(name, tier string) *appsv1.DaemonSet {
		d := &appsv1.DaemonSet{}
		d.Name, d.Namespace, d.UID, d.Labels = name, "kube-system", types.UID(name), map[string]string{"tier": tier}
		return d
	}
	b := newBench(t, set("cni", "network"), set("logs", "other"),
		daemonPod("cni-a", "a", "cni", true), daemonPod("logs-a", "a", "logs", false), daemonPod("cni-b", "b", "cni", false), daemonPod("cni-c", "c", "cni", false),
		daemonPod("cni-d", "d", "cni", false))
	group := newGroup("worker")
	group.Spec.Update.Waves = []v1alpha1.Wave{{Name: "canary", Soak: &metav1.Duration{Duration: time.Hour}}}
	group.Spec.Update.Gates = &v1alpha1.UpdateGates{DaemonSets: &v1alpha1.DaemonSetGate{Selector: metav1.LabelSelector{MatchLabels: map[string]string{"tier": "network"}}}}

	updated := func(name string) decision.Node {
		m := managedIn(name, "worker")
		m.Spec.Approval, m.Status.Phase = &v1alpha1.Approval{}, v1alpha1.PhaseUpToDate
		return decision.Node{Node: member(name, "worker"), Managed: m}
	}
	soaking := decision.Node{Node: member("d", "worker"), Managed: managedIn("d", "worker")}
	proven := metav1.NewMicroTime(b.clock.now().Add(-time.Minute))
	soaking.Managed.Status.Rollout = &v1alpha1.RolloutStatus{Wave: "canary", ProvenRevision: "r", ProvenAt: &proven}
	untouched := decision.Node{Node: member("c", "worker"), Managed: managedIn("c", "worker")}

	members := []decision.Node{updated("a"), updated("b"), untouched, soaking}
	b.daemonSets.check(t.Context(), &world{now: b.clock.now()}, rendered{group: group, revision: "r"}, members)
	for i, want := range []string{"", "cni-b", "", "cni-d"} {
		if got := members[i].GateClosed; (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want it to name %q", members[i].Name(), got, want)
		}
	}

	b.daemonSets = newDaemonSets(unreachable{}, b.log)
	members = []decision.Node{updated("a")}
	b.daemonSets.check(t.Context(), &world{now: b.clock.now()}, rendered{group: group, revision: "r"}, members)
	if members[0].GateClosed == "" {
		t.Error("a gate that cannot be asked is open, want it closed")
	}
}

func TestLowestAPIServer(t *testing.T) {
	t.Parallel()
	server := func(name, image string) *corev1.Pod {
		p := &corev1.Pod{}
		p.Name, p.Namespace, p.Labels = name, "kube-system", map[string]string{"component": "kube-apiserver"}
		p.Spec.Containers = []corev1.Container{{Image: image}}
		return p
	}
	for name, c := range map[string]struct {
		version string
		pods    []client.Object
		want    string
	}{
		"the one that we talk to":        {"v1.36.3", nil, "1.36.3"},
		"another one that is older":      {"v1.36.3", []client.Object{server("b", "registry.example:5000/kube-apiserver:v1.35.4@sha256:00")}, "1.35.4"},
		"another one that is newer":      {"v1.35.4", []client.Object{server("b", "registry.example/kube-apiserver:v1.36.3")}, "1.35.4"},
		"one without a tag says nothing": {"v1.36.3", []client.Object{server("b", "registry.example:5000/kube-apiserver")}, "1.36.3"},
		"a vendor's version":             {"v1.33.5-gke.1080000", nil, "1.33.5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, c.pods...)
			b.servers.version = gitVersion(c.version)
			if err := b.servers.refresh(t.Context(), b.clock.now()); err != nil || b.servers.lowest() != c.want {
				t.Errorf("got %q, %v, want %q", b.servers.lowest(), err, c.want)
			}
		})
	}
	t.Run("is asked again in a minute, or after a failure", func(t *testing.T) {
		t.Parallel()
		b := newBench(t)
		asked := &counted{}
		b.servers.version = asked
		for i, step := range []struct {
			before func()
			want   int
		}{
			{func() {}, 1}, {func() {}, 1}, {func() { b.clock.pass(versionLasts) }, 2}, {b.servers.disturbed, 3}, {func() {}, 3},
			{func() { b.clock.pass(versionLasts); asked.err = errors.New("away") }, 4}, {func() {}, 5},
		} {
			step.before()
			_ = b.servers.refresh(t.Context(), b.clock.now())
			if asked.times != step.want {
				t.Fatalf("step %d: got it asked %d times, want %d", i, asked.times, step.want)
			}
		}
		if got := b.servers.lowest(); got != "" {
			t.Errorf("got %q from a server that is away, want nothing known", got)
		}
	})
}

type counted struct {
	times int
	err   error
}

func (c *counted) ServerVersion() (*apiversion.Info, error) {
	c.times++
	return &apiversion.Info{GitVersion: "v1.36.3"}, c.err
}
