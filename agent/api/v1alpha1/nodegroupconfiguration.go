package v1alpha1

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// NodeGroupConfigurationKind is the kind of NodeGroupConfiguration.
const NodeGroupConfigurationKind = "NodeGroupConfiguration"

// NodeGroupConfiguration is a step of your own: scripts that run as root on the nodes of some groups, after hostler's own
// steps. Whoever may write one is root on those nodes.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:scope=Cluster,shortName=ngc,categories=hostler
// +kubebuilder:printcolumn:name="Weight",type=integer,JSONPath=`.spec.weight`
// +kubebuilder:printcolumn:name="Groups",type=string,JSONPath=`.spec.nodeGroups`
// +kubebuilder:printcolumn:name="Impact",type=string,JSONPath=`.spec.impact`
// +kubebuilder:printcolumn:name="Optional",type=boolean,JSONPath=`.spec.optional`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="size(self.metadata.name) <= 63",message="the name is part of file names on nodes: at most 63 characters"
type NodeGroupConfiguration struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is the step.
	Spec NodeGroupConfigurationSpec `json:"spec"`
}

// NodeGroupConfigurationList is a list of NodeGroupConfigurations.
//
// +kubebuilder:object:root=true
type NodeGroupConfigurationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`

	Items []NodeGroupConfiguration `json:"items"`
}

// NodeGroupConfigurationSpec is a step of a user's own.
type NodeGroupConfigurationSpec struct {
	// Weight orders the configurations of a node: lower ones run first, those of one weight by name.
	// +kubebuilder:default=100
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000
	// +optional
	Weight *int32 `json:"weight,omitempty"`
	// NodeGroups are the names of the groups; "*" stands for all.
	// +kubebuilder:default={"*"}
	// +kubebuilder:validation:MinItems=1
	// +listType=set
	// +optional
	NodeGroups []string `json:"nodeGroups,omitempty"`

	Script `json:",inline"`
}

// Script is what a configuration runs on a node, as root, with a clean environment (PATH, HOME, LANG and
// HOSTLER_NODE_NAME alone) and / as its folder. A script without a #! line is run by /bin/sh. What scripts print is
// kept on the node, for root only, and never logged or reported, because it may hold secrets.
type Script struct {
	// Distros are the distributions that it is for, such as debian or debian/12. Default: all.
	// +listType=set
	// +optional
	Distros []string `json:"distros,omitempty"`
	// Check exits with 0 where nothing is left to do. It sees the host read-only, and runs often: whenever hostler plans.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=262144
	Check string `json:"check"`
	// Apply does what is left to do. It may be killed at any point and is then run again; check decides whether it
	// succeeded.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=262144
	Apply string `json:"apply"`
	// Undo takes back what apply did: after a failure, and when the configuration is removed. Default: it cannot be taken
	// back, and the plan says so.
	// +kubebuilder:validation:MaxLength=262144
	// +optional
	Undo string `json:"undo,omitempty"`
	// Impact is what apply costs the workloads: None, Reload, Restart, Drain or Reboot. Only one of impact None is
	// repaired without an approval when its check begins to fail.
	// +kubebuilder:default=Restart
	// +optional
	Impact Impact `json:"impact,omitempty"`
	// Optional makes a failure of this configuration its own: it is taken back alone, reported, and nothing else stops.
	// Default: false.
	// +optional
	Optional bool `json:"optional,omitempty"`
	// Timeout bounds each of the scripts, 15m at most; check never gets more than one minute.
	// +kubebuilder:default="5m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^(0|([0-9]{1,6}(\.[0-9]{1,9})?(ns|us|µs|ms|s|m|h))+)$`
	// +kubebuilder:validation:MaxLength=20
	// +optional
	Timeout *metav1.Duration `json:"timeout,omitempty"`
}

// AllGroups in NodeGroupConfigurationSpec.NodeGroups stands for every group.
const AllGroups = "*"

// Serves tells whether the configuration is meant for a group.
func (c *NodeGroupConfiguration) Serves(group string) bool {
	return slices.Contains(c.Spec.NodeGroups, AllGroups) || slices.Contains(c.Spec.NodeGroups, group)
}
