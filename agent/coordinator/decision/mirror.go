package decision

import (
	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// mirror is what the Node's annotations should show and do not; an empty value removes one.
func (m *member) mirror() map[string]string {
	if m.Node.Node == nil {
		return nil
	}
	differ := map[string]string{}
	for key, value := range m.shown() {
		if m.Node.Node.Annotations[key] != value {
			differ[key] = value
		} else if _, there := m.Node.Node.Annotations[key]; there && value == "" {
			differ[key] = ""
		}
	}
	return differ
}

// shown are all annotations that hostler shows on the Node, empty where there is nothing to show.
func (m *member) shown() map[string]string {
	shown := map[string]string{
		v1alpha1.ConfigurationChecksumAnnotation: "",
		v1alpha1.WaitingForApprovalAnnotation:    "",
		v1alpha1.DisruptionRequiredAnnotation:    "",
		v1alpha1.DrainingAnnotation:              "",
		v1alpha1.DrainedAnnotation:               "",
		v1alpha1.DrainFailedAnnotation:           "",
	}
	if m.released {
		return shown
	}
	shown[v1alpha1.ConfigurationChecksumAnnotation] = m.status.AppliedRevision
	switch plan := m.status.Plan; {
	case plan == nil:
	case m.phase() == v1alpha1.PhaseWaitingForApproval && m.spec.Approval == nil:
		shown[v1alpha1.WaitingForApprovalAnnotation] = m.spec.Revision
	case m.phase() == v1alpha1.PhaseWaitingForDisruption && m.spec.Disruption == nil:
		shown[v1alpha1.DisruptionRequiredAnnotation] = plan.Hash + " " + string(plan.Impact)
	}
	if s := m.rollout.Drain; s != nil {
		switch s.State {
		case v1alpha1.Draining:
			shown[v1alpha1.DrainingAnnotation] = clock(s.Since.Time)
		case v1alpha1.Drained:
			shown[v1alpha1.DrainedAnnotation] = clock(s.Since.Time)
		default:
			shown[v1alpha1.DrainFailedAnnotation] = string(s.State)
		}
	}
	return shown
}
