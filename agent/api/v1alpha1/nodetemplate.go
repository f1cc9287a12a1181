package v1alpha1

// NodeTemplateSpec is what the Node objects of the group have. The kubelet registers its own Node with the labels and taints
// that are there when the machine joins; later changes, annotations, and nodes whose kubelet is not managed are the
// coordinator's. What leaves the template leaves the Nodes; what others put there stays.
type NodeTemplateSpec struct {
	// Labels of the Node. Those under kubernetes.io and k8s.io are restricted to what a kubelet may give itself; see
	// https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction.
	// +optional
	Labels map[string]string `json:"labels,omitempty"`
	// Annotations of the Node. Those of hostler.dev are refused: they are requests and answers.
	// +optional
	Annotations map[string]string `json:"annotations,omitempty"`
	// Taints of the Node, one of each key and effect.
	// +listType=map
	// +listMapKey=key
	// +listMapKey=effect
	// +optional
	Taints []Taint `json:"taints,omitempty"`
}

// TaintEffect is what a taint does to pods that do not tolerate it.
// +kubebuilder:validation:Enum=NoSchedule;PreferNoSchedule;NoExecute
type TaintEffect string

// The effects of a taint, as Kubernetes names them.
const (
	TaintNoSchedule       TaintEffect = "NoSchedule"
	TaintPreferNoSchedule TaintEffect = "PreferNoSchedule"
	TaintNoExecute        TaintEffect = "NoExecute"
)

// Taint keeps pods that do not tolerate it away from the node. It is Kubernetes' own type without the time, declared
// here so that reading a file does not link the whole of k8s.io/api.
type Taint struct {
	// Key is a label key.
	// +kubebuilder:validation:MinLength=1
	Key string `json:"key"`
	// Value is a label value. Default: empty.
	// +optional
	Value string `json:"value,omitempty"`
	// Effect on pods that do not tolerate the taint.
	Effect TaintEffect `json:"effect"`
}

// String is the form of --register-with-taints: key=value:effect.
func (t Taint) String() string {
	return t.Key + "=" + t.Value + ":" + string(t.Effect)
}
