package input

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// object is a kind that people write in files.
type object interface {
	GetName() string
	SetDefaults()
	Validate() field.ErrorList
}

// kinds makes an empty object of each kind. NodeGroupRevision and ManagedNode are none of them: hostler writes those.
var kinds = map[string]func() object{
	v1alpha1.NodeGroupKind:              func() object { return &v1alpha1.NodeGroup{} },
	v1alpha1.NodeGroupConfigurationKind: func() object { return &v1alpha1.NodeGroupConfiguration{} },
	v1alpha1.UpdatePolicyKind:           func() object { return &v1alpha1.UpdatePolicy{} },
}

// knownKinds is for messages.
func knownKinds() string {
	names := slices.Sorted(maps.Keys(kinds))
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// example is for messages to those who gave nothing that looks like an object.
func example() string {
	return v1alpha1.NodeGroupKind + " of " + v1alpha1.GroupVersion.String()
}

// object reads one document. It is nil where the document is of no known kind; other problems leave an object that is not
// complete.
func (d *decoder) object(root *yaml.Node) (kind string, o object) {
	d.places[""] = place{value: root}
	if root.Kind != yaml.MappingNode {
		d.reportAt(root, "", "must be an object, and is %s: want one such as a %s", describe(root), example())
		return "", nil
	}
	kind, ok := d.knownKind(root)
	if !ok {
		return "", nil
	}
	o = kinds[kind]()
	d.value(root, reflect.ValueOf(o).Elem(), "")
	o.SetDefaults()
	for _, err := range o.Validate() {
		d.refused(err)
	}
	return kind, o
}

// knownKind asks apiVersion and kind first: the fields of another kind would all be unknown.
func (d *decoder) knownKind(root *yaml.Node) (string, bool) {
	version := v1alpha1.GroupVersion.String()
	_, known := d.header(root, "apiVersion", version, func(value string) bool { return value == version })
	kind, ok := d.header(root, "kind", knownKinds(), func(value string) bool { return kinds[value] != nil })
	return kind, ok && known
}

// header returns a field of the root, if it holds what it may; want says in words what that is.
func (d *decoder) header(root *yaml.Node, name, want string, may func(value string) bool) (string, bool) {
	for i := 0; i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		if key.Value != name {
			continue
		}
		if value.Kind != yaml.ScalarNode {
			d.wrongType(value, name, "text")
			return "", false
		}
		if !may(value.Value) {
			d.reportAt(value, name, "%s is not known: want %s", quote(value.Value), want)
			return "", false
		}
		return value.Value, true
	}
	d.reportAt(root, name, "is required: %s", want)
	return "", false
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
