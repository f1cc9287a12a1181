package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// UpdateSpec is how a new revision reaches the nodes of a group.
type UpdateSpec struct {
	// MaxUnavailable is how many nodes, as a number or a percentage of the group, may be unavailable at once, for any
	// reason.
	// +kubebuilder:default=1
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:XValidation:rule="type(self) == string || self >= 1",message="must be a number from 1, or a percentage"
	// +kubebuilder:validation:Pattern=`^(100|[1-9][0-9]?)%$`
	// +optional
	MaxUnavailable *intstr.IntOrString `json:"maxUnavailable,omitempty"`
	// Waves are the nodes that go first, one wave after the other.
	// +kubebuilder:validation:MaxItems=20
	// +listType=map
	// +listMapKey=name
	// +optional
	Waves []Wave `json:"waves,omitempty"`
	// Order of the nodes that are in no wave: by Zone, by Name, or OldestFirst.
	// +kubebuilder:default=Zone
	// +optional
	Order UpdateOrder `json:"order,omitempty"`
	// Windows are the only times at which an update starts. Default: any time.
	// +kubebuilder:validation:MaxItems=100
	// +optional
	Windows []Window `json:"windows,omitempty"`
	// Exclusions are times at which no update starts.
	// +kubebuilder:validation:MaxItems=100
	// +optional
	Exclusions []Exclusion `json:"exclusions,omitempty"`
	// FailureBudget is the number of failed nodes at which the group pauses itself.
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +optional
	FailureBudget int32 `json:"failureBudget,omitempty"`
	// Paused stops the update: no further node starts. Default: false.
	// +optional
	Paused bool `json:"paused,omitempty"`
	// Gates must be open before a further node starts.
	// +optional
	Gates *UpdateGates `json:"gates,omitempty"`
}

// UpdateOrder is the order in which nodes are updated.
// +kubebuilder:validation:Enum=Zone;Name;OldestFirst
type UpdateOrder string

// The orders of an update.
const (
	OrderZone        UpdateOrder = "Zone"
	OrderName        UpdateOrder = "Name"
	OrderOldestFirst UpdateOrder = "OldestFirst"
)

// Wave is a set of nodes that is updated, and watched for a while, before the next nodes start.
type Wave struct {
	// Name of the wave, such as canary.
	// +kubebuilder:validation:MinLength=1
	Name string `json:"name"`
	// Selector of the nodes of the wave. Default: any node of the group.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
	// Size is how many nodes, as a number or a percentage of the group, the wave has at most.
	// +kubebuilder:default=1
	// +kubebuilder:validation:XIntOrString
	// +kubebuilder:validation:XValidation:rule="type(self) == string || self >= 1",message="must be a number from 1, or a percentage"
	// +kubebuilder:validation:Pattern=`^(100|[1-9][0-9]?)%$`
	// +optional
	Size *intstr.IntOrString `json:"size,omitempty"`
	// Soak is how long the wave must stay healthy before the next nodes start.
	// +kubebuilder:default="30m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^(0|([0-9]{1,6}(\.[0-9]{1,9})?(ns|us|µs|ms|s|m|h))+)$`
	// +kubebuilder:validation:MaxLength=20
	// +optional
	Soak *metav1.Duration `json:"soak,omitempty"`
}

// Weekday is a day of the week.
// +kubebuilder:validation:Enum=Mon;Tue;Wed;Thu;Fri;Sat;Sun
type Weekday string

// Weekdays are the days of the week, from Monday.
var Weekdays = []Weekday{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}

// Window is a time of the week. One whose end is before its start lasts overnight and belongs to the day it starts.
//
// +kubebuilder:validation:XValidation:rule="self.from != self.to",message="the window would never open: from and to must differ"
type Window struct {
	// Days on which the window opens. Default: every day.
	// +listType=set
	// +optional
	Days []Weekday `json:"days,omitempty"`
	// From is the time of day, as 22:00, at which the window opens.
	// +kubebuilder:validation:Pattern=`^([01][0-9]|2[0-3]):[0-5][0-9]$`
	// +kubebuilder:validation:MaxLength=5
	From string `json:"from"`
	// To is the time of day, as 06:00, at which the window closes.
	// +kubebuilder:validation:Pattern=`^([01][0-9]|2[0-3]):[0-5][0-9]$`
	// +kubebuilder:validation:MaxLength=5
	To string `json:"to"`
	// TimeZone is the zone of both, as Europe/Berlin.
	// +kubebuilder:default=UTC
	// +optional
	TimeZone string `json:"timeZone,omitempty"`
}

// Exclusion is a time at which nothing is updated, such as a holiday.
//
// +kubebuilder:validation:XValidation:rule="self.from < self.to",message="to must be after from"
type Exclusion struct {
	// From is the moment at which it starts, such as 2026-12-24T00:00:00Z.
	From metav1.Time `json:"from"`
	// To is the moment at which it ends.
	To metav1.Time `json:"to"`
	// Reason is shown to those who wait.
	// +optional
	Reason string `json:"reason,omitempty"`
}

// UpdateGates are questions to the world outside, asked before each node.
type UpdateGates struct {
	// Prometheus queries that must return nothing.
	// +optional
	Prometheus []PrometheusGate `json:"prometheus,omitempty"`
	// DaemonSets that must be ready on the nodes that were updated.
	// +optional
	DaemonSets *DaemonSetGate `json:"daemonSets,omitempty"`
}

// PrometheusGate is open while its query returns nothing.
type PrometheusGate struct {
	// URL of the Prometheus server, without user and password.
	// +kubebuilder:validation:MinLength=1
	URL string `json:"url"`
	// Query in PromQL.
	// +kubebuilder:validation:MinLength=1
	Query string `json:"query"`
}

// DaemonSetGate is open while the pods of the chosen DaemonSets are ready.
type DaemonSetGate struct {
	// Selector of the DaemonSets, in all namespaces.
	Selector metav1.LabelSelector `json:"selector"`
}
