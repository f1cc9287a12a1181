package v1alpha1

import (
	"encoding/json"

	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// Overlay is a free-form object that is laid over a configuration file which another project defines. Its values are
// what JSON has: nil, bool, int64, float64, string, []any and map[string]any; whole numbers are int64, as TOML needs it.
//
// +kubebuilder:object:generate=false
// +kubebuilder:validation:Type=object
// +kubebuilder:pruning:PreserveUnknownFields
type Overlay map[string]any

// MarshalJSON writes the object with its keys in order.
func (o Overlay) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any(o))
}

// UnmarshalJSON reads an object, and whole numbers as int64.
func (o *Overlay) UnmarshalJSON(data []byte) error {
	var object map[string]any
	if err := utiljson.Unmarshal(data, &object); err != nil {
		return err
	}
	*o = object
	return nil
}

// DeepCopy returns a copy that shares nothing with o.
func (o Overlay) DeepCopy() Overlay {
	if o == nil {
		return nil
	}
	return runtime.DeepCopyJSON(o)
}

// DeepCopyInto copies o into out.
func (o Overlay) DeepCopyInto(out *Overlay) {
	*out = o.DeepCopy()
}
