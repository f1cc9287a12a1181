package standalone_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/node"
	"github.com/hostler-dev/hostler/agent/node/standalone"
	"github.com/hostler-dev/hostler/agent/render"
	"github.com/hostler-dev/hostler/steps"
)

type rig struct {
	t      *testing.T
	file   string
	source *standalone.Source

	mu   sync.Mutex
	news []node.News
}

func newRig(t *testing.T, maxImpact steps.Impact, content string) *rig {
	t.Helper()
	r := &rig{t: t, file: filepath.Join(t.TempDir(), "worker.yaml")}
	if content != "" {
		r.write(content)
	}
	var err error
	if r.source, err = standalone.New(standalone.Config{File: r.file, MaxImpact: maxImpact}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.source.Run(ctx, func(n node.News) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.news = append(r.news, n)
		})
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return r
}

// write replaces the file, as editors do.
func (r *rig) write(content string) {
	r.t.Helper()
	if err := os.WriteFile(r.file+"~", []byte(content), 0o600); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Rename(r.file+"~", r.file); err != nil {
		r.t.Fatal(err)
	}
}

func group(motd, more string) string {
	return fmt.Sprintf("{apiVersion: hostler.dev/v1alpha1, kind: NodeGroup, metadata: {name: worker}, spec: {operatingSystem: {files: [{path: /etc/motd, content: %s}]}%s}}\n", motd, more)
}

// heard waits for news.
func (r *rig) heard(what string, fits func(node.News) bool) node.News {
	r.t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		r.mu.Lock()
		var last node.News
		if len(r.news) > 0 {
			last = r.news[len(r.news)-1]
		}
		any := len(r.news) > 0
		r.mu.Unlock()
		if any && fits(last) {
			return last
		}
		select {
		case <-deadline:
			r.t.Fatalf("waited in vain for %s; the last news is %+v", what, last)
		case <-tick.C:
		}
	}
}

func (r *rig) assigned() *node.Assignment {
	r.t.Helper()
	return r.heard("an assignment", func(n node.News) bool { return n.Assignment != nil && n.Away == nil }).Assignment
}

// count is how many news there were.
func (r *rig) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.news)
}

func shown(a *node.Assignment, phase v1alpha1.Phase, impact v1alpha1.Impact) v1alpha1.ManagedNodeStatus {
	return v1alpha1.ManagedNodeStatus{
		ObservedGeneration: a.Generation, Phase: phase,
		Plan: &v1alpha1.PlanSummary{Revision: a.Spec.Revision, Hash: "p1", Impact: impact, Ops: 1},
	}
}

func TestTheFile(t *testing.T) {
	t.Parallel()
	t.Run("is rendered as the coordinator would", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, steps.Reboot, group("hello", ", drift: {policy: Alert}"))
		a := r.assigned()
		if a.Spec.NodeGroup != "worker" || a.Spec.Drift == nil || a.Spec.Drift.Policy != v1alpha1.DriftAlert || a.Spec.Approval != nil || a.Limit != "Reboot" {
			t.Errorf("got %+v, want the group's wish, not approved yet", a)
		}
		revision, err := r.source.Revision(t.Context(), a.Spec.Revision)
		if err != nil {
			t.Fatal(err)
		}
		if err := render.Verify(revision); err != nil {
			t.Error(err)
		}
		if _, err := r.source.Revision(t.Context(), "worker-00000000"); err == nil {
			t.Error("got no error for a revision that the file does not say")
		}
	})
	t.Run("is followed", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, steps.Reboot, group("hello", ""))
		first := r.assigned()
		r.write(group("other", ""))
		second := r.heard("another revision", func(n node.News) bool {
			return n.Assignment != nil && n.Assignment.Spec.Revision != first.Spec.Revision
		})
		if second.Assignment.Generation <= first.Generation {
			t.Errorf("got generation %d after %d, want a higher one", second.Assignment.Generation, first.Generation)
		}
	})
	t.Run("that is not valid changes nothing", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, steps.Reboot, group("hello", ""))
		first := r.assigned()
		r.write("{")
		r.write(group("[x]", ""))
		r.write(group("hello", "") + "---\n" + strings.Replace(group("hello", ""), "name: worker", "name: other", 1))
		r.write(group("hello", ", update: {paused: true}"))
		paused := r.heard("the pause", func(n node.News) bool { return n.Assignment != nil && n.Assignment.Spec.Paused })
		if paused.Assignment.Spec.Revision != first.Spec.Revision || r.count() != 2 {
			t.Errorf("got %+v, want nothing of the files between", r.news)
		}
	})
	t.Run("that is not valid from the start is waited for", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, steps.Reboot, "{")
		r.heard("what is wrong", func(n node.News) bool { return n.Away != nil })
		r.write(group("hello", ""))
		r.assigned()
	})
	t.Run("that is not there yet is waited for", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, steps.Reboot, "")
		r.heard("that it is not there", func(n node.News) bool { return n.Away != nil })
		r.write(group("hello", ""))
		r.assigned()
	})
	t.Run("cannot be stdin", func(t *testing.T) {
		t.Parallel()
		for _, file := range []string{"", "-"} {
			if _, err := standalone.New(standalone.Config{File: file}); err == nil {
				t.Errorf("got no error for %q", file)
			}
		}
	})
}

func TestApproval(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		max    steps.Impact
		phase  v1alpha1.Phase
		impact v1alpha1.Impact
		change func(*v1alpha1.ManagedNodeStatus)
		want   bool
	}{
		"is given to a plan that waits for it":           {steps.Reboot, v1alpha1.PhaseWaitingForApproval, "None", nil, true},
		"is given up to the impact that is allowed":      {steps.Drain, v1alpha1.PhaseWaitingForApproval, "Drain", nil, true},
		"is not given above it":                          {steps.Restart, v1alpha1.PhaseWaitingForApproval, "Drain", nil, false},
		"is not given to what went back":                 {steps.Reboot, v1alpha1.PhaseRolledBack, "None", nil, false},
		"is not given to what is half done":              {steps.Reboot, v1alpha1.PhaseFailed, "None", nil, false},
		"is not given while the node is paused":          {steps.Reboot, v1alpha1.PhasePaused, "None", nil, false},
		"is not given without a plan":                    {steps.Reboot, v1alpha1.PhaseWaitingForApproval, "None", func(s *v1alpha1.ManagedNodeStatus) { s.Plan = nil }, false},
		"is not given to a plan of what was said before": {steps.Reboot, v1alpha1.PhaseWaitingForApproval, "None", func(s *v1alpha1.ManagedNodeStatus) { s.ObservedGeneration-- }, false},
		"is given to what failed before the file was written": {steps.Reboot, v1alpha1.PhaseRolledBack, "None", func(s *v1alpha1.ManagedNodeStatus) {
			s.Failure.At = metav1.NewTime(time.Now().Add(-time.Hour))
		}, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, c.max, group("hello", ""))
			a := r.assigned()
			status := shown(a, c.phase, c.impact)
			status.Failure = &v1alpha1.Failure{Revision: a.Spec.Revision, At: metav1.NewTime(time.Now().Add(time.Minute))}
			if c.change != nil {
				c.change(&status)
			}
			before := r.count()
			r.source.Report(status)
			if got := r.count() > before; got != c.want {
				t.Fatalf("got approval %v, want %v", got, c.want)
			}
			if !c.want {
				return
			}
			spec := r.assigned().Spec
			if spec.Approval == nil || spec.Approval.Plan != "p1" || spec.Approval.Revision != spec.Revision || spec.Approval.At.IsZero() {
				t.Errorf("got %+v, want the plan that was shown approved", spec.Approval)
			}
			if disrupts := c.impact.Disrupts(); (spec.Disruption != nil) != disrupts || disrupts && spec.Disruption.Plan != "p1" {
				t.Errorf("got %+v, want leave to disrupt exactly where the plan needs it", spec.Disruption)
			}
		})
	}
}
