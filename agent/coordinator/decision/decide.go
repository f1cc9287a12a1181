package decision

import (
	"cmp"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/window"
)

// Decide says what to do next about one group. It changes nothing in the observation, and the same observation gives the
// same actions in the same order. What is already as decided gives no action: once all actions have been carried out
// and the world stands still, only Wake and Evict are decided again.
//
// A slot is given on by the decision after the one that freed it. So when one of the writes is lost, there are never two
// nodes in one slot.
func Decide(o Observation) []Action {
	d := look(&o)
	for _, rule := range rules {
		rule(d)
	}
	return d.actions()
}

// rules are asked in this order. Each looks at what was observed and at what the rules before it want, and adds what it
// wants itself; the difference between what is wanted and what was observed is what there is to do.
var rules = []func(*decision){
	// What has ended.
	(*decision).forgive,
	each((*decision).prove),
	each((*decision).fail),
	// What is wanted of each node.
	each((*decision).assign),
	each((*decision).withdraw),
	each((*decision).renew),
	each((*decision).settle),
	each((*decision).endDrain),
	// Who is next.
	each((*decision).refuse),
	(*decision).placeInWaves,
	(*decision).start,
	(*decision).drainOnRequest,
	each((*decision).progress),
	each((*decision).disrupt),
	// What people are told.
	(*decision).summarise,
	each((*decision).explain),
}

// each makes a rule for the group of one for a node. There is nothing to decide about a node that is gone: its
// ManagedNode goes too, and with it the slot.
func each(rule func(*decision, *member)) func(*decision) {
	return func(d *decision) {
		for _, m := range d.members {
			if m.mine && m.Node.Node != nil {
				rule(d, m)
			}
		}
	}
}

// decision is one Decide under way.
type decision struct {
	o *Observation
	// now is the coordinator's clock, as exact as the API keeps it.
	now metav1.MicroTime
	// group has defaults only where the group was deleted.
	group *v1alpha1.NodeGroup
	// members are the nodes by name.
	members []*member
	waves   []wave
	tally   *tally

	updates, disruptions, automatic times

	// status is wanted of the group.
	status  v1alpha1.NodeGroupStatus
	resumed bool
	events  []Event
	wake    time.Time
}

func look(o *Observation) *decision {
	d := &decision{o: o, now: metav1.NewMicroTime(o.Now.Truncate(time.Microsecond)), group: o.Group}
	if d.group == nil {
		d.group = &v1alpha1.NodeGroup{}
		d.group.SetDefaults()
	}
	d.status = *d.group.Status.DeepCopy()
	for i := range o.Nodes {
		d.members = append(d.members, newMember(&o.Nodes[i], o.Group))
	}
	slices.SortFunc(d.members, func(a, b *member) int { return cmp.Compare(a.name, b.name) })
	d.schedule()
	return d
}

// schedule puts together when updates and disruptions may start.
func (d *decision) schedule() {
	update, automatic := &d.group.Spec.Update, d.group.Spec.Disruptions.Automatic.Windows
	var policy v1alpha1.UpdatePolicySpec
	if d.o.Policy != nil {
		policy = d.o.Policy.Spec
	}
	exclusions := slices.Concat(update.Exclusions, policy.Exclusions)
	d.updates.Schedule = window.Schedule{Windows: [][]v1alpha1.Window{update.Windows, policy.Windows}, Exclusions: exclusions}
	d.disruptions.Schedule = window.Schedule{Windows: [][]v1alpha1.Window{update.Windows, automatic, policy.Windows}, Exclusions: exclusions}
	d.automatic.Schedule = window.Schedule{Windows: [][]v1alpha1.Window{automatic}}
}

// wakeAt asks for another decision at a time; the nearest counts.
func (d *decision) wakeAt(at time.Time) {
	if at.After(d.o.Now) && (d.wake.IsZero() || at.Before(d.wake)) {
		d.wake = at
	}
}

func (d *decision) tell(m *member, reason, message string) {
	m.events = append(m.events, Event{Node: m.name, Reason: reason, Message: message})
}

func (d *decision) warn(m *member, reason, message string) {
	m.events = append(m.events, Event{Node: m.name, Warning: true, Reason: reason, Message: message})
}
