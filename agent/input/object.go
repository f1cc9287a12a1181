package input

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// knownKinds is for messages.
func knownKinds() string {
	return v1alpha1.NodeGroupKind + " of " + v1alpha1.GroupVersion.String()
}

// object reads one document. It is nil where the document is of no known kind; other problems leave an object that is not
// complete.
func (d *decoder) object(root *yaml.Node) *v1alpha1.NodeGroup {
	d.places[""] = place{value: root}
	if root.Kind != yaml.MappingNode {
		d.reportAt(root, "", "must be an object, and is %s: want a %s", describe(root), knownKinds())
		return nil
	}
	if !d.knownKind(root) {
		return nil
	}
	group := &v1alpha1.NodeGroup{}
	d.value(root, reflect.ValueOf(group).Elem(), "")
	group.SetDefaults()
	for _, err := range group.Validate() {
		d.refused(err)
	}
	return group
}

// knownKind asks apiVersion and kind first: the fields of another kind would all be unknown.
func (d *decoder) knownKind(root *yaml.Node) bool {
	known := d.header(root, "apiVersion", v1alpha1.GroupVersion.String())
	return d.header(root, "kind", v1alpha1.NodeGroupKind) && known
}

func (d *decoder) header(root *yaml.Node, name, want string) bool {
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		if key.Value != name {
			continue
		}
		if value.Kind == yaml.ScalarNode && value.Value == want {
			return true
		}
		if value.Kind != yaml.ScalarNode {
			d.wrongType(value, name, "text")
			return false
		}
		d.reportAt(value, name, "%s is not known: want %s", quote(value.Value), want)
		return false
	}
	d.reportAt(root, name, "is required: %s", want)
	return false
}

// refused reports what validation found, unless the value it speaks of could not be read in the first place.
func (d *decoder) refused(err *field.Error) {
	for _, path := range d.failed {
		if within(err.Field, path) || within(path, err.Field) {
			return
		}
	}
	atKey := err.BadValue != nil && fmt.Sprint(err.BadValue) == d.places.keyOf(err.Field)
	line, column := d.places.find(err.Field, atKey)
	d.problems = append(d.problems, Problem{Line: line, Column: column, Path: err.Field, Message: message(err)})
}

// within tells whether path is parent or below it.
func within(path, parent string) bool {
	rest, below := strings.CutPrefix(path, parent)
	return below && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// message words a validation error for a line that has the path in it already.
func message(err *field.Error) string {
	switch err.Type {
	case field.ErrorTypeRequired:
		return "is required: " + err.Detail
	case field.ErrorTypeDuplicate:
		return show(err.BadValue) + " is here twice"
	case field.ErrorTypeNotSupported:
		return show(err.BadValue) + " is not known: " + strings.Replace(err.Detail, "supported values:", "want one of", 1)
	case field.ErrorTypeInvalid:
		if err.BadValue != nil {
			return show(err.BadValue) + ": " + err.Detail
		}
	}
	return err.Detail
}

// show prints a value as a file would have it.
func show(value any) string {
	if reflect.ValueOf(value).Kind() == reflect.String {
		return quote(fmt.Sprint(value))
	}
	return fmt.Sprint(value)
}
