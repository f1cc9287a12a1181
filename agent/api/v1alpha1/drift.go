package v1alpha1

// DriftSpec is what happens when a host changes although the group did not.
type DriftSpec struct {
	// Policy is Repair (what costs workloads nothing; more needs an approval), Alert (say so) or Ignore.
	// +kubebuilder:default=Repair
	// +optional
	Policy DriftPolicy `json:"policy,omitempty"`
	// Items override the policy for some keys; the last match counts.
	// +listType=map
	// +listMapKey=key
	// +optional
	Items []DriftItem `json:"items,omitempty"`
}

// DriftPolicy is what happens on drift.
// +kubebuilder:validation:Enum=Repair;Alert;Ignore
type DriftPolicy string

// What can happen on drift.
const (
	DriftRepair DriftPolicy = "Repair"
	DriftAlert  DriftPolicy = "Alert"
	DriftIgnore DriftPolicy = "Ignore"
)

// DriftItem is the policy for the ops whose key matches.
type DriftItem struct {
	// Key is the key of an op as a plan prints it, such as file:/etc/motd; * stands for any characters.
	// +kubebuilder:validation:MinLength=1
	Key string `json:"key"`
	// Policy for the keys that match.
	Policy DriftPolicy `json:"policy"`
}
