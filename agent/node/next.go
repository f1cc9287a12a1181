package node

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/steps"
)

// Situation is all that the next act depends on.
type Situation struct {
	// Unfinished says that the journal has a run that was cut short.
	Unfinished bool
	// Unheard says that the source has not spoken since the start, not even to say that it is away.
	Unheard bool
	// Away says that the source cannot be asked: Spec is what it said last.
	Away bool

	// Spec is what is wanted; nil: nobody wants anything of the host.
	Spec *v1alpha1.ManagedNodeSpec
	// Limit is the highest impact that is ever allowed.
	Limit steps.Impact
	// Plan is what is missing for Spec.Revision. Where that is the revision that the host has, it is what the drift policy
	// lets repair.
	Plan Plan
	// Staged says that all that Plan needs has been downloaded.
	Staged bool

	// Applied is the last revision that the host fully had.
	Applied string
	// Repair is what the drift policy lets repair of Applied, where Spec.Revision is another one.
	Repair Plan
	// Repaired says that drift has been repaired since the last verify tick: what is there again is somebody else's
	// doing, and is not fought over.
	Repaired bool

	// Failure is the last run of Spec.Revision, RepairFailure that of Applied, if it failed.
	Failure, RepairFailure *v1alpha1.Failure
	// Spent is the time of the approval that the last run which ended well had. An approval is good for one run.
	Spent metav1.MicroTime
}

// Plan is a plan as far as decisions go.
type Plan struct {
	Hash   string
	Impact steps.Impact
	// Empty says that nothing is missing.
	Empty bool
	// Err says why there is no plan; nil: there is.
	Err error
}

// Kind tells acts apart.
type Kind int

// The acts.
const (
	// Rest reports and waits for news.
	Rest Kind = iota
	// Resume finishes or undoes the run that was cut short.
	Resume
	// LetGo leaves the host alone without a report: there is nobody to report to.
	LetGo
	// Adopt notes that the host has the wanted revision already.
	Adopt
	// Stage downloads what the plan needs.
	Stage
	// Apply makes the host as the wanted revision says.
	Apply
	// Repair makes the host as the revision says that it has.
	Repair
)

// Act is what to do next.
type Act struct {
	Kind Kind
	// Phase and Message are what to report. Without a phase nothing is reported.
	Phase   v1alpha1.Phase
	Message string
	// Revision is what Adopt, Apply and Repair are about.
	Revision string
	// Ceiling is the highest impact that Apply and Repair may have.
	Ceiling steps.Impact
}

// Next decides. The first rule that fits wins:
//
//	a run was cut short                          Resume
//	nothing was heard since the start            Rest: what is cached may be out of date
//	no ManagedNode                               LetGo
//	no revision is named, paused                 Rest
//	the revision left the host half changed      Rest, until the approval is another
//	the plan is empty                            Adopt, or Rest where it is noted already
//	approved: this revision, this plan           Stage, wait for leave to disrupt, Apply
//	drift that costs workloads nothing           Repair, also while another revision waits
//	anything else                                Rest
func Next(s Situation) Act {
	switch {
	case s.Unfinished:
		return Act{Kind: Resume, Phase: v1alpha1.PhaseApplying, Message: "a run that was cut short goes on"}
	case s.Unheard:
		return Act{Kind: LetGo, Message: "waiting to hear what is wanted"}
	case s.Spec == nil:
		return Act{Kind: LetGo, Message: "there is no ManagedNode for this node: the host is left alone"}
	case s.Spec.Revision == "":
		return Act{Phase: v1alpha1.PhaseUnassigned, Message: "no revision is wanted of this node"}
	case s.Spec.Paused:
		return Act{Phase: v1alpha1.PhasePaused, Message: "paused: the host is left alone"}
	case s.failed() && s.Failure.Outcome == v1alpha1.PhaseFailed:
		return Act{Phase: v1alpha1.PhaseFailed, Message: s.Failure.Message}
	case s.Plan.Err != nil:
		return s.repairOr(Act{Phase: v1alpha1.PhasePlanFailed, Message: s.Plan.Err.Error()})
	case s.Plan.Empty:
		return s.nothingMissing()
	case s.failed():
		return s.repairOr(Act{Phase: v1alpha1.PhaseRolledBack, Message: s.Failure.Message})
	case s.approved() && !s.Away:
		return s.goOn()
	}
	return s.repairOr(Act{Phase: v1alpha1.PhaseWaitingForApproval, Message: s.waitingFor()})
}

// failed tells whether the wanted revision failed here and nobody has said since that it may be tried again.
func (s *Situation) failed() bool {
	if s.Failure == nil || s.Failure.Revision != s.Spec.Revision {
		return false
	}
	return s.Spec.Approval == nil || s.Spec.Approval.At.Equal(&s.Failure.Approved)
}

// approved tells whether the plan may be started.
func (s *Situation) approved() bool {
	a := s.Spec.Approval
	return a != nil && a.Revision == s.Spec.Revision && a.Plan == s.Plan.Hash && !a.At.Equal(&s.Spent)
}

func (s *Situation) nothingMissing() Act {
	if s.Spec.Revision == s.Applied {
		return Act{Phase: v1alpha1.PhaseUpToDate}
	}
	// No phase: that it is up to date is reported when it is noted.
	return Act{Kind: Adopt, Revision: s.Spec.Revision, Message: "the host has the revision already"}
}

// goOn is the way of an approved plan.
func (s *Situation) goOn() Act {
	if s.Plan.Impact > s.Limit {
		return Act{
			Phase:   v1alpha1.PhaseWaitingForApproval,
			Message: fmt.Sprintf("plan %s costs %s, and no more than %s is allowed on this node", s.Plan.Hash, s.Plan.Impact, s.Limit),
		}
	}
	if !s.Staged {
		return Act{Kind: Stage, Phase: v1alpha1.PhaseStaging, Message: "downloading what the plan needs"}
	}
	ceiling := steps.Restart
	if s.Plan.Impact > steps.Restart {
		allowed, message := s.disruption()
		if message != "" {
			return Act{Phase: v1alpha1.PhaseWaitingForDisruption, Message: message}
		}
		ceiling = allowed
	}
	return Act{Kind: Apply, Phase: v1alpha1.PhaseApplying, Revision: s.Spec.Revision, Ceiling: min(ceiling, s.Limit)}
}

// disruption is the impact that may be had, or why the plan may not be started.
func (s *Situation) disruption() (allowed steps.Impact, message string) {
	leave := s.Spec.Disruption
	switch {
	case leave == nil:
		return 0, fmt.Sprintf("plan %s costs %s, and waits for leave to disrupt", s.Plan.Hash, s.Plan.Impact)
	case leave.Plan != s.Plan.Hash:
		return 0, fmt.Sprintf("plan %s costs %s, and the leave to disrupt is for plan %s", s.Plan.Hash, s.Plan.Impact, leave.Plan)
	}
	allowed, err := steps.ParseImpact(string(leave.Impact))
	if err != nil || allowed < s.Plan.Impact {
		return 0, fmt.Sprintf("plan %s costs %s, and %s was approved", s.Plan.Hash, s.Plan.Impact, leave.Impact)
	}
	return allowed, ""
}

func (s *Situation) waitingFor() string {
	approval := s.Spec.Approval
	switch {
	case approval == nil:
		return fmt.Sprintf("plan %s waits for approval", s.Plan.Hash)
	case approval.At.Equal(&s.Spent):
		return fmt.Sprintf("plan %s waits for approval: the last one has been used", s.Plan.Hash)
	case approval.Revision != s.Spec.Revision:
		return fmt.Sprintf("plan %s waits for approval: revision %s was approved", s.Plan.Hash, approval.Revision)
	case approval.Plan != s.Plan.Hash:
		return fmt.Sprintf("plan %s waits for approval: plan %s was approved, which is out of date", s.Plan.Hash, approval.Plan)
	}
	return fmt.Sprintf("plan %s is approved, and starts when it can be asked whether it still is", s.Plan.Hash)
}

// repairOr is Repair where drift can be repaired without leave, and otherwise rest.
func (s *Situation) repairOr(rest Act) Act {
	plan, failure := s.Repair, s.RepairFailure
	if s.Spec.Revision == s.Applied {
		plan, failure = s.Plan, s.Failure
	}
	switch {
	case s.Applied == "" || plan.Err != nil || plan.Empty || plan.Impact > steps.None:
		return rest
	case failure != nil: // a repair that failed is not tried again by itself either
		return rest
	case !s.Repaired:
		return Act{Kind: Repair, Phase: v1alpha1.PhaseApplying, Revision: s.Applied, Message: "drift is being repaired"}
	case s.Spec.Revision == s.Applied:
		return Act{Phase: v1alpha1.PhaseUpToDate, Message: "drift is back right after it was repaired, and repaired again at the next look: something else changes the host"}
	}
	return rest
}
