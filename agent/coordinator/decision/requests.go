package decision

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// Coordinator is who gives leave where nobody asked by annotation.
const Coordinator = "coordinator"

// byPerson is whether leave was given because somebody asked by annotation.
func byPerson(by string) bool { return by != Coordinator }

// objects are where requests are made: the ManagedNode first.
func (m *member) objects() []metav1.Object {
	var all []metav1.Object
	if m.Managed != nil {
		all = append(all, m.Managed)
	}
	if m.Node.Node != nil {
		all = append(all, m.Node.Node)
	}
	return all
}

// asked is whether a person has set the annotation, and was not refused.
func (m *member) asked(annotation string) bool {
	_, _, asked := m.request(annotation)
	return asked
}

// request is the value of an annotation that a person set, and who that was as far as the API server knows.
func (m *member) request(annotation string) (value, by string, asked bool) {
	if slices.Contains(m.refused, annotation) {
		return "", "", false
	}
	for _, object := range m.objects() {
		if value, asked = object.GetAnnotations()[annotation]; asked {
			return value, requester(object, annotation), true
		}
	}
	return "", "", false
}

// requester names the field manager that set an annotation: the API server does not keep the user's name.
func requester(object metav1.Object, annotation string) string {
	field := `"f:` + annotation + `"`
	for _, entry := range object.GetManagedFields() {
		if entry.FieldsV1 != nil && strings.Contains(entry.FieldsV1.GetRawString(), field) && entry.Manager != "" {
			return "annotation, by " + entry.Manager
		}
	}
	return "annotation"
}

// take removes a request, which has been granted or refused.
func (m *member) take(annotation string) {
	if m.Managed != nil {
		if _, there := m.Managed.Annotations[annotation]; there {
			m.drop = append(m.drop, annotation)
		}
	}
	if m.Node.Node != nil {
		if _, there := m.Node.Node.Annotations[annotation]; there {
			m.dropFromNode = append(m.dropFromNode, annotation)
		}
	}
}

// refuseRequest removes a request, and says why.
func (d *decision) refuseRequest(m *member, annotation, event, why string) {
	m.take(annotation)
	m.refused = append(m.refused, annotation)
	m.rollout.Refused = annotation + ": " + why
	d.warn(m, event, m.rollout.Refused)
}

// refuse refuses requests that can no longer come true, and drops those that have. A request that is only early stays, and
// the condition Waiting says what it waits for.
func (d *decision) refuse(m *member) {
	if m.Node.Node == nil || m.released {
		return
	}
	settled := m.heard() && m.was.Revision == m.spec.Revision
	if m.asked(v1alpha1.ApprovedAnnotation) {
		switch {
		case m.was.Approval != nil && m.spec.Approval != nil:
			m.take(v1alpha1.ApprovedAnnotation)
		case settled && m.phase() == v1alpha1.PhaseUpToDate:
			d.refuseRequest(m, v1alpha1.ApprovedAnnotation, "RequestRefused", fmt.Sprintf(
				"there is nothing to start, the host has revision %s", m.status.AppliedRevision))
		}
	}
	if m.asked(v1alpha1.DrainAnnotation) && draining(&m.was) && draining(&m.spec) {
		m.take(v1alpha1.DrainAnnotation)
	}
	if m.asked(v1alpha1.DisruptionApprovedAnnotation) && settled {
		d.refuseDisruption(m)
	}
}

func (d *decision) refuseDisruption(m *member) {
	const annotation, event = v1alpha1.DisruptionApprovedAnnotation, "DisruptionRefused"
	hash, _, _ := m.request(annotation)
	plan := m.status.Plan
	switch {
	case m.phase() == v1alpha1.PhaseApplying:
		m.take(annotation)
	case plan == nil:
		d.refuseRequest(m, annotation, event, "there is no plan to give leave for")
	case hash != "" && hash != plan.Hash:
		d.refuseRequest(m, annotation, event, fmt.Sprintf("%s is not the plan; it is now %s, of impact %s: look at it, and give leave for that", hash, plan.Hash, plan.Impact))
	case !plan.Impact.Disrupts():
		d.refuseRequest(m, annotation, event, fmt.Sprintf("plan %s of impact %s needs none", plan.Hash, plan.Impact))
	case m.was.Disruption != nil && m.was.Disruption.Plan == plan.Hash, draining(&m.was) && m.was.Drain.Plan == plan.Hash && m.was.Approval != nil && m.spec.Drain != nil:
		m.take(annotation)
	case hash == "" && m.phase() != v1alpha1.PhaseWaitingForDisruption:
		// What is shown when the time comes may be more than what the person saw.
		d.refuseRequest(m, annotation, event, fmt.Sprintf("nothing waits for it yet; to give leave in advance, name the plan: %s, of impact %s", plan.Hash, plan.Impact))
	}
}
