package coordinator

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/hostler-dev/hostler/agent/coordinator/decision"
)

// teller tells people what was decided.
type teller interface {
	tell(about client.Object, event decision.Event)
}

// recorder makes Events of events.k8s.io. It does not wait for the API server.
type recorder struct{ events events.EventRecorder }

// action is what the events.k8s.io API wants to know beside the reason.
const action = "Rollout"

func (r recorder) tell(about client.Object, event decision.Event) {
	kind := corev1.EventTypeNormal
	if event.Warning {
		kind = corev1.EventTypeWarning
	}
	r.events.Eventf(about, nil, kind, event.Reason, action, "%s", event.Message)
}
