// Package standalone is the agent's source where there is no cluster to ask: a file with a NodeGroup and its
// NodeGroupConfigurations, rendered as the coordinator would, and approved by itself up to an impact. So a machine
// is kept by the same loop before it has a cluster, and where it never gets one.
//
// The file is followed. One that is not valid is reported and changes nothing: what was wanted before counts on.
package standalone

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/credential"
	"github.com/hostler-dev/hostler/agent/input"
	"github.com/hostler-dev/hostler/agent/node"
	"github.com/hostler-dev/hostler/agent/render"
	"github.com/hostler-dev/hostler/steps"
)

// Config is what a Source needs.
type Config struct {
	// File holds one NodeGroup, and any number of NodeGroupConfigurations.
	File string
	// MaxImpact is the highest impact that is approved.
	MaxImpact steps.Impact
	// Logger gets the reports; it may be nil.
	Logger *zap.Logger
}

// By is who approves.
const By = "file"

// Source implements node.Source.
type Source struct {
	Config

	mu       sync.Mutex
	hear     func(node.News)
	revision *render.Revision
	// assignment is what the file and the approvals come to; its generation counts changes of either.
	assignment *node.Assignment
	// changed is when the file was: a revision that failed before is tried again.
	changed time.Time
	shown   string // what was logged last
}

var _ node.Source = (*Source)(nil)

// New makes a source.
func New(config Config) (*Source, error) {
	if config.File == "" || config.File == input.Stdin {
		return nil, errors.New("source needs a file that can be followed")
	}
	if config.Logger == nil {
		config.Logger = zap.NewNop()
	}
	return &Source{Config: config}, nil
}

// Run implements node.Source.
func (s *Source) Run(ctx context.Context, hear func(node.News)) {
	s.mu.Lock()
	s.hear = hear
	s.mu.Unlock()
	credential.Follow(ctx, func() []string { return []string{s.File} }, s.read)
}

// read takes the file in.
func (s *Source) read() {
	s.mu.Lock()
	defer s.mu.Unlock()
	group, revision, changed, err := load(s.File)
	if err != nil {
		s.Logger.Error("file not taken: what was wanted before counts on", zap.String("file", s.File), zap.Error(err))
		if s.assignment == nil {
			s.hear(node.News{Away: err})
		}
		return
	}
	generation := changed.UnixMicro() // grows over restarts too
	if s.assignment != nil {
		generation = max(generation, s.assignment.Generation+1)
	}
	s.revision, s.changed = &revision, changed
	s.assignment = &node.Assignment{
		UID: s.File, Generation: generation, Limit: v1alpha1.Impact(s.MaxImpact.String()),
		Spec: v1alpha1.ManagedNodeSpec{
			NodeGroup: group.Name, Revision: revision.Name, Paused: group.Spec.Update.Paused, Drift: &group.Spec.Drift,
		},
	}
	s.tell()
}

// load reads and renders the file.
func load(file string) (*v1alpha1.NodeGroup, render.Revision, time.Time, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, render.Revision{}, time.Time{}, fmt.Errorf("reading input: %w", err)
	}
	docs, err := input.ReadFiles([]string{file}, nil)
	if err != nil {
		return nil, render.Revision{}, time.Time{}, err
	}
	if len(docs.Groups) != 1 {
		return nil, render.Revision{}, time.Time{}, fmt.Errorf("%s has %d NodeGroups, and a host belongs to one: keep one in the file", file, len(docs.Groups))
	}
	revision, err := render.Render(docs.Groups[0], docs.Configurations)
	return docs.Groups[0], revision, info.ModTime(), err
}

// tell passes on what is wanted. The agent keeps what it gets, so it gets its own.
func (s *Source) tell() {
	told := *s.assignment
	told.Spec = *s.assignment.Spec.DeepCopy()
	s.hear(node.News{Assignment: &told})
}

// Revision implements node.Source.
func (s *Source) Revision(_ context.Context, name string) (render.Revision, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.revision == nil || s.revision.Name != name {
		return render.Revision{}, fmt.Errorf("%s does not say it any more: %w", s.File, fs.ErrNotExist)
	}
	return *s.revision, nil
}

// Report implements node.Source: it logs what is new, and approves.
func (s *Source) Report(status v1alpha1.ManagedNodeStatus) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log(&status)
	if s.assignment == nil || status.ObservedGeneration != s.assignment.Generation || !s.grants(&status) {
		return
	}
	at := metav1.NowMicro()
	s.assignment.Generation++
	s.assignment.Spec.Approval = &v1alpha1.Approval{Revision: status.Plan.Revision, Plan: status.Plan.Hash, By: By, At: at}
	s.assignment.Spec.Disruption = nil
	if status.Plan.Impact.Disrupts() {
		s.assignment.Spec.Disruption = &v1alpha1.DisruptionApproval{
			Plan: status.Plan.Hash, Impact: v1alpha1.Impact(s.MaxImpact.String()), By: By, At: at,
		}
	}
	s.tell()
}

// grants tells whether what is shown may be done. A revision that failed is tried again when the file was written since.
func (s *Source) grants(status *v1alpha1.ManagedNodeStatus) bool {
	if status.Plan == nil || status.Plan.Revision != s.assignment.Spec.Revision {
		return false
	}
	impact, err := steps.ParseImpact(string(status.Plan.Impact))
	if err != nil || impact > s.MaxImpact {
		return false
	}
	switch status.Phase {
	case v1alpha1.PhaseWaitingForApproval:
		return true
	case v1alpha1.PhaseRolledBack, v1alpha1.PhaseFailed:
		return status.Failure != nil && status.Failure.At.Time.Before(s.changed)
	}
	return false
}

// log says what is new in a status.
func (s *Source) log(status *v1alpha1.ManagedNodeStatus) {
	line := fmt.Sprint(status.Phase, status.Message, status.AppliedRevision)
	if line == s.shown {
		return
	}
	s.shown = line
	fields := []zap.Field{zap.String("phase", string(status.Phase)), zap.String("applied", status.AppliedRevision)}
	if status.Message != "" {
		fields = append(fields, zap.String("message", status.Message))
	}
	if status.Plan != nil {
		fields = append(fields, zap.String("plan", status.Plan.Hash), zap.String("impact", string(status.Plan.Impact)), zap.Int32("ops", status.Plan.Ops))
	}
	s.Logger.Info("status", fields...)
}
