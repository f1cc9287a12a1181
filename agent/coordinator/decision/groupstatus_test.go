package decision

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

func TestGroupConditions(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		given  func(w *world)
		kind   string
		status metav1.ConditionStatus
		reason string
		parts  []string
	}{
		"valid":       {func(*world) {}, v1alpha1.ConditionValid, metav1.ConditionTrue, "Valid", nil},
		"not valid":   {func(w *world) { w.Invalid = "spec.cri: bad" }, v1alpha1.ConditionValid, metav1.ConditionFalse, "Invalid", []string{"spec.cri: bad", "r1 stays"}},
		"no conflict": {func(*world) {}, v1alpha1.ConditionConflict, metav1.ConditionFalse, "NoConflict", nil},
		"a conflict":  {func(w *world) { w.node("n2").OtherGroups = []string{"db"} }, v1alpha1.ConditionConflict, metav1.ConditionTrue, "NodesChosenTwice", []string{"db", "n2"}},
		"the same conflict, where the other group has the node": {func(w *world) {
			w.node("n2").OtherGroups = []string{"db"}
			w.managed("n2").Spec.NodeGroup = "db"
		}, v1alpha1.ConditionConflict, metav1.ConditionTrue, "NodesChosenTwice", []string{"db", "n2"}},
		"up to date":             {func(*world) {}, v1alpha1.ConditionUpToDate, metav1.ConditionTrue, "UpToDate", []string{"all 3 nodes"}},
		"not up to date":         {func(w *world) { w.edit("r2", v1alpha1.ImpactRestart); w.upToDate("n1") }, v1alpha1.ConditionUpToDate, metav1.ConditionFalse, "Updating", []string{"1 of 3 nodes have revision r2"}},
		"not paused":             {func(*world) {}, v1alpha1.ConditionPaused, metav1.ConditionFalse, "NotPaused", nil},
		"paused":                 {func(w *world) { w.Group.Spec.Update.Paused = true }, v1alpha1.ConditionPaused, metav1.ConditionTrue, "GroupPaused", nil},
		"paused by its failures": {failedRun(v1alpha1.PhaseRolledBack, func(*world) {}), v1alpha1.ConditionPaused, metav1.ConditionTrue, "FailureBudget", []string{"n1", v1alpha1.ResumeAnnotation}},
		"paused with the cluster": {func(w *world) {
			w.Policy = &v1alpha1.UpdatePolicy{Spec: v1alpha1.UpdatePolicySpec{Paused: true}}
		}, v1alpha1.ConditionPaused, metav1.ConditionTrue, "PolicyPaused", nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 3)
			c.given(w)
			w.Group.Generation = 7
			w.decide()
			w.settle()
			got := meta.FindStatusCondition(w.Group.Status.Conditions, c.kind)
			if got == nil || got.Status != c.status || got.Reason != c.reason || got.ObservedGeneration != 7 {
				t.Fatalf("got %+v, want %s %s of generation 7", got, c.status, c.reason)
			}
			for _, part := range c.parts {
				if !strings.Contains(got.Message, part) {
					t.Errorf("got the message %q, want %q in it", got.Message, part)
				}
			}
		})
	}
}

func TestGroupCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 6)
	w.edit("r2", v1alpha1.ImpactRestart)
	w.upToDate("n1")
	w.approved("n2", v1alpha1.PhaseApplying, v1alpha1.ImpactRestart)
	w.failed("n3", v1alpha1.PhaseRolledBack)
	w.ready("n4", false)
	w.ready("n2", false)
	w.node("n5").Node.Spec.Unschedulable = true
	w.node("n6").Node = nil
	w.settle()
	want := v1alpha1.NodeCounts{Total: 5, UpToDate: 1, Updating: 1, Waiting: 3, Failed: 1, Unavailable: 3}
	if diff := cmp.Diff(want, w.Group.Status.Nodes); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestNodesElsewhereAreCountedAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 5)
	w.approved("n1", v1alpha1.PhaseStaging, v1alpha1.ImpactRestart)
	w.ready("n1", false)
	w.ready("n2", false)
	w.node("n3").Node.Spec.Unschedulable = true
	w.node("n5").Node = nil
	if got, want := CountNodes(w.Nodes), (Count{Total: 4, Unavailable: 3, Updating: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestWavesAreShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 10)
	w.Now = start.Add(123456 * time.Microsecond)
	w.Group.Spec.Update.Waves = []v1alpha1.Wave{{Name: "canary"}, {Name: "tenth"}}
	w.Group.SetDefaults()
	w.Group.Spec.Update.Waves[1].Size.StrVal, w.Group.Spec.Update.Waves[1].Size.Type = "25%", 1
	w.edit("r2", v1alpha1.ImpactRestart)
	w.upToDate("n1")
	w.settle()
	until := metav1.NewTime(start.Add(30 * time.Minute))
	want := []v1alpha1.WaveStatus{{Name: "canary", Nodes: 1, Proven: 1, SoakUntil: &until}, {Name: "tenth", Nodes: 2}}
	if diff := cmp.Diff(want, w.Group.Status.Waves); diff != "" {
		t.Errorf("waves (-want +got):\n%s", diff)
	}
	for name, wave := range map[string]string{"n1": "canary", "n10": "tenth", "n2": "tenth", "n3": ""} {
		if got := w.managed(name).Status.Rollout.Wave; got != wave {
			t.Errorf("got %s in wave %q, want %q", name, got, wave)
		}
	}
}

func TestMirror(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 3)
	w.edit("r2", v1alpha1.ImpactDrain)
	w.Group.Spec.Update.Paused = true
	w.approved("n2", v1alpha1.PhaseWaitingForDisruption, v1alpha1.ImpactDrain)
	w.upToDate("n3")
	w.node("n3").Node.Annotations[v1alpha1.DrainedAnnotation] = "2026-01-01T00:00:00Z"
	w.node("n3").Node.Annotations["somebody.example/else"] = "stays"
	w.settle()
	want := map[string]map[string]string{
		"n1": {v1alpha1.ConfigurationChecksumAnnotation: "r1", v1alpha1.WaitingForApprovalAnnotation: "r2"},
		"n2": {v1alpha1.ConfigurationChecksumAnnotation: "r1", v1alpha1.DisruptionRequiredAnnotation: "h-n2 Drain"},
		"n3": {v1alpha1.ConfigurationChecksumAnnotation: "r2", "somebody.example/else": "stays"},
	}
	for name, annotations := range want {
		if diff := cmp.Diff(annotations, w.node(name).Node.Annotations); diff != "" {
			t.Errorf("annotations of %s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAGroupIsResumedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	failedRun(v1alpha1.PhaseRolledBack, func(*world) {})(w)
	w.upToDate("n2")
	w.settle()
	w.Group.Annotations = map[string]string{v1alpha1.ResumeAnnotation: ""}
	actions := w.decide()
	status, drop := -1, -1
	for i, action := range actions {
		switch action.(type) {
		case SetGroupStatus:
			status = i
		case DropResume:
			drop = i
		}
	}
	if status < 0 || drop < status {
		t.Errorf("got the status at %d and the request dropped at %d, want the status first: it remembers what was forgiven", status, drop)
	}
	if diff := cmp.Diff([]string{"GroupResumed"}, events(actions)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestAFailureThatIsNewToAResumedGroupIsNotForgiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t, 2)
	failedRun(v1alpha1.PhaseRolledBack, func(*world) {})(w)
	w.Group.Annotations = map[string]string{v1alpha1.ResumeAnnotation: ""}
	w.settle()
	if !meta.IsStatusConditionTrue(w.Group.Status.Conditions, v1alpha1.ConditionPaused) {
		t.Errorf("got %+v, want the group paused by the failure that nobody has seen", w.Group.Status.Conditions)
	}
}

func TestWake(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		given func(w *world)
		want  time.Duration
	}{
		"not at all where nothing is to come": {func(*world) {}, 0},
		"when a window opens": {func(w *world) {
			w.edit("r2", v1alpha1.ImpactRestart)
			w.Group.Spec.Update.Windows = []v1alpha1.Window{{From: "22:00", To: "23:00"}}
		}, 10 * time.Hour},
		"when a soak ends": {func(w *world) {
			w.Group.Spec.Update.Waves = []v1alpha1.Wave{{Name: "canary"}}
			w.Group.SetDefaults()
			w.edit("r2", v1alpha1.ImpactRestart)
			w.upToDate("n1")
		}, 30 * time.Minute},
		"soon while pods are left": {waitingForDisruption(func(w *world) { w.drained("n1", 1) }), 5 * time.Second},
		"when a drain may be tried again": {waitingForDisruption(func(w *world) {
			w.drained("n1", 1).Spec.Drain.At = metav1.NewMicroTime(start.Add(-time.Hour))
			w.upToDate("n2")
			w.settle()
			w.plans("n1", v1alpha1.ImpactDrain)
		}), 10 * time.Minute},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 2)
			c.given(w)
			w.settle()
			var got time.Duration
			for _, action := range w.decide() {
				if wake, ok := action.(Wake); ok {
					got = wake.At.Sub(start)
				}
			}
			if got != c.want {
				t.Errorf("got woken after %s, want %s", got, c.want)
			}
		})
	}
}
