package node_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/machine"
	"github.com/hostler-dev/hostler/agent/node"
	"github.com/hostler-dev/hostler/agent/render"
	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/files"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
)

// patience bounds each wait of a test.
const patience = 20 * time.Second

// rig is a host in memory, a source in memory and an agent between them, which can be stopped and started again.
type rig struct {
	t      *testing.T
	host   *hosttest.Fake
	state  string
	source *source
	config node.Config

	// onEvent is called with each event of the engine, from the goroutine of the run.
	onEvent func(engine.Event)
	// stop ends the agent and waits for that; cancel only tells it to end, as SIGTERM does.
	stop, cancel func()

	progress *node.Progress

	mu      sync.Mutex
	planned int
	// planHook is called at the end of the next plan.
	planHook func()
	notes    []string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{t: t, host: hosttest.New(), state: t.TempDir(), source: newSource(), stop: func() {}}
	r.config = node.Config{VerifyInterval: time.Hour, RetryInterval: 5 * time.Millisecond}
	t.Cleanup(func() { r.stop() })
	return r
}

// start runs an agent, as a new process would.
func (r *rig) start() {
	r.t.Helper()
	config := r.config
	config.Host, config.StateDir, config.Source, config.Version = r, r.state, r.source, "v1"
	r.progress = node.NewProgress(r.note)
	config.Progress = r.progress
	agent, err := node.New(config)
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	ended := make(chan error, 1)
	go func() { ended <- agent.Run(ctx) }()
	var once sync.Once
	r.stop = func() {
		once.Do(func() {
			cancel()
			select {
			case err := <-ended:
				if err != nil {
					r.t.Errorf("got %v at the end, want nil", err)
				}
			case <-time.After(patience):
				r.t.Error("the agent does not stop")
			}
		})
	}
}

func (r *rig) restart() {
	r.t.Helper()
	r.stop()
	r.start()
}

func (r *rig) note(state string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, state)
}

func (r *rig) noted(state string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.notes, state)
}

// looks waits until the agent has planned so many times more: what it wanted to do by itself, it has begun by then.
func (r *rig) looks(more int) {
	r.t.Helper()
	r.mu.Lock()
	want := r.planned + more
	r.mu.Unlock()
	r.until(fmt.Sprintf("%d more looks", more), func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.planned >= want
	})
}

// onPlan calls once at the end of the next plan.
func (r *rig) onPlan(once func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.planHook = once
}

// until waits for a state.
func (r *rig) until(what string, reached func() bool) {
	r.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !reached() {
		select {
		case <-deadline:
			r.t.Fatalf("waited in vain for %s; the last status is %+v", what, r.source.last())
		case <-tick.C:
		}
	}
}

// phase waits until the newest status has a phase for the newest spec.
func (r *rig) phase(want v1alpha1.Phase) v1alpha1.ManagedNodeStatus {
	r.t.Helper()
	r.until("phase "+string(want), func() bool {
		s := r.source.last()
		return s.Phase == want && s.ObservedGeneration == r.source.generation()
	})
	return r.source.last()
}

// file is the content of a file on the host, or "" where there is none.
func (r *rig) file(path string) string {
	content, err := r.host.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(content)
}

func (r *rig) wantFile(path, want string) {
	r.t.Helper()
	if got := r.file(path); got != want {
		r.t.Errorf("got %q in %s, want %q", got, path, want)
	}
}

// outcomes are the runs, oldest first: "done, rolled back".
func (r *rig) outcomes() string {
	runs, err := r.History(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	var list []string
	for _, run := range slices.Backward(runs) {
		list = append(list, string(run.Outcome))
	}
	return strings.Join(list, ", ")
}

func (r *rig) wantOutcomes(want string) {
	r.t.Helper()
	if got := r.outcomes(); got != want {
		r.t.Errorf("got runs %q, want %q", got, want)
	}
}

// engine is one as each process makes its own.
func (r *rig) engine() *engine.Engine {
	codec, err := op.NewCodec(op.Kinds())
	if err != nil {
		r.t.Fatal(err)
	}
	e, err := engine.New(engine.Config{Host: r.host, Codec: codec, StateDir: r.state, Observe: func(event engine.Event) {
		if r.progress != nil {
			r.progress.Event(event)
		}
		if r.onEvent != nil {
			r.onEvent(event)
		}
	}})
	if err != nil {
		r.t.Fatal(err)
	}
	return e
}

// The rig is the agent's host.

func (r *rig) Facts(context.Context) (machine.Facts, error) {
	return machine.Facts{
		Distro: distros.Distro{Name: "Debian GNU/Linux 12 (bookworm)"}, Kernel: "6.1.0", BootID: "b",
		Packages: []machine.Installed{{Name: "kubelet", Version: "1.36.3-1.1"}},
	}, nil
}

func (r *rig) History(ctx context.Context) ([]engine.Run, error) { return r.engine().History(ctx) }

func (r *rig) Rollback(ctx context.Context, to int) (engine.Result, error) {
	return r.engine().Rollback(ctx, to, engine.Options{})
}

func (r *rig) Wish(revision render.Revision) (node.Wish, error) {
	var spec files.Spec
	for _, f := range revision.Spec.Host.OperatingSystem.Files {
		impact, err := steps.ParseImpact(string(f.Impact))
		if err != nil {
			return nil, err
		}
		spec.Files = append(spec.Files, files.File{Path: f.Path, Content: []byte(f.Content), Impact: impact})
	}
	list := []steps.Step{files.New(spec)}
	for _, c := range revision.Spec.Configurations {
		list = append(list, script{c.Name, c.Apply, c.Optional})
	}
	return &wish{r, revision.Name, list}, nil
}

// script is a NodeGroupConfiguration whose apply is the name of a file that it makes.
type script struct {
	name, path string
	optional   bool
}

func (s script) Name() string   { return "configuration/" + s.name }
func (s script) Optional() bool { return s.optional }
func (s script) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	return files.New(files.Spec{Files: []files.File{{Path: s.path, Content: []byte("made")}}}).Plan(ctx, v)
}

type wish struct {
	rig      *rig
	revision string
	steps    []steps.Step
}

func (w *wish) Plan(ctx context.Context) (*engine.Plan, error) {
	plan, err := w.rig.engine().Plan(ctx, w.steps)
	w.rig.mu.Lock()
	w.rig.planned++
	once := w.rig.planHook
	w.rig.planHook = nil
	w.rig.mu.Unlock()
	if once != nil {
		once()
	}
	return plan, err
}

func (w *wish) Stage(ctx context.Context) (engine.Prefetched, error) {
	return w.rig.engine().Prefetch(ctx, w.steps)
}

func (w *wish) Apply(ctx context.Context, ceiling steps.Impact) (engine.Result, error) {
	return w.rig.engine().Apply(ctx, w.steps, engine.Options{Revision: w.revision, MaxImpact: ceiling})
}

func (w *wish) Without(leave func(string, steps.Op) bool) node.Wish {
	less := *w
	less.steps = machine.Narrow(w.steps, leave)
	return &less
}

// source is a source in memory.
type source struct {
	mu        sync.Mutex
	hear      func(node.News)
	news      *node.News // nil: it does not say anything yet
	revisions map[string]render.Revision
	statuses  []v1alpha1.ManagedNodeStatus
	fetched   int
}

func newSource() *source { return &source{revisions: map[string]render.Revision{}} }

func (s *source) Run(ctx context.Context, hear func(node.News)) {
	s.mu.Lock()
	s.hear = hear
	if s.news != nil {
		hear(*s.news)
	}
	s.mu.Unlock()
	<-ctx.Done()
	s.mu.Lock()
	s.hear = nil
	s.mu.Unlock()
}

func (s *source) Revision(_ context.Context, name string) (render.Revision, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetched++
	if s.news != nil && s.news.Away != nil {
		return render.Revision{}, s.news.Away
	}
	revision, ok := s.revisions[name]
	if !ok {
		return render.Revision{}, errors.New("no such revision")
	}
	return revision, nil
}

func (s *source) Report(status v1alpha1.ManagedNodeStatus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.statuses = append(s.statuses, status)
}

func (s *source) last() v1alpha1.ManagedNodeStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.statuses) == 0 {
		return v1alpha1.ManagedNodeStatus{}
	}
	return s.statuses[len(s.statuses)-1]
}

// phases are those that were reported, without repetitions.
func (s *source) phases() []v1alpha1.Phase {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []v1alpha1.Phase
	for _, status := range s.statuses {
		list = append(list, status.Phase)
	}
	return slices.Compact(list)
}

func (s *source) generation() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.news == nil || s.news.Assignment == nil {
		return 0
	}
	return s.news.Assignment.Generation
}

func (s *source) say(news node.News) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.news = &news
	if s.hear != nil {
		s.hear(news)
	}
}

// wanted is the spec that was said last.
func (s *source) wanted() v1alpha1.ManagedNodeSpec {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.news == nil || s.news.Assignment == nil {
		return v1alpha1.ManagedNodeSpec{NodeGroup: "worker"}
	}
	return *s.news.Assignment.Spec.DeepCopy()
}

// want changes the spec.
func (r *rig) want(change func(*v1alpha1.ManagedNodeSpec)) {
	spec := r.source.wanted()
	change(&spec)
	r.source.say(node.News{Assignment: &node.Assignment{UID: "u", Generation: r.source.generation() + 1, Spec: spec}})
}

// revise makes a revision of files, by path, and wants it.
func (r *rig) revise(group v1alpha1.NodeGroup, configurations ...v1alpha1.NodeGroupConfiguration) string {
	r.t.Helper()
	group.Name = "worker"
	revision, err := render.Render(&group, configurations)
	if err != nil {
		r.t.Fatal(err)
	}
	r.source.mu.Lock()
	r.source.revisions[revision.Name] = revision
	r.source.mu.Unlock()
	r.want(func(s *v1alpha1.ManagedNodeSpec) { s.Revision = revision.Name })
	return revision.Name
}

// withFiles is a group that wants files, each with an impact.
func withFiles(impact v1alpha1.Impact, contents map[string]string) v1alpha1.NodeGroup {
	var group v1alpha1.NodeGroup
	for _, path := range slices.Sorted(maps.Keys(contents)) {
		group.Spec.OperatingSystem.Files = append(group.Spec.OperatingSystem.Files, v1alpha1.File{Path: path, Content: contents[path], Impact: impact})
	}
	return group
}

// approve approves the plan that is shown, at a minute of an hour.
func (r *rig) approve(minute int) {
	r.t.Helper()
	status := r.source.last()
	if status.Plan == nil {
		r.t.Fatalf("there is no plan to approve in %+v", status)
	}
	r.want(func(s *v1alpha1.ManagedNodeSpec) {
		s.Approval = &v1alpha1.Approval{Revision: s.Revision, Plan: status.Plan.Hash, By: "test", At: at(minute)}
	})
}

func at(minute int) metav1.MicroTime {
	return metav1.NewMicroTime(time.Date(2026, 11, 21, 22, minute, 0, 0, time.UTC))
}

// upToDate brings the host to a revision by the whole way.
func (r *rig) upToDate(impact v1alpha1.Impact, contents map[string]string) string {
	r.t.Helper()
	revision := r.revise(withFiles(impact, contents))
	r.phase(v1alpha1.PhaseWaitingForApproval)
	r.approve(0)
	r.phase(v1alpha1.PhaseUpToDate)
	return revision
}
