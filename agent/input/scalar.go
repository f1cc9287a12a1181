package input

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// leaf reads a type of Kubernetes that is a struct in Go and a scalar in a file.
type leaf struct {
	want string // in words
	tags []string
	set  func(n *yaml.Node, out reflect.Value) error
}

var leaves = map[reflect.Type]leaf{
	reflect.TypeFor[resource.Quantity]():  {want: "a quantity such as 500m, 512Mi or 2Gi", tags: []string{"!!str", "!!int"}, set: setQuantity},
	reflect.TypeFor[intstr.IntOrString](): {want: "a whole number or a percentage such as 10%", tags: []string{"!!str", "!!int"}, set: setIntOrString},
	reflect.TypeFor[metav1.Duration]():    {want: "a duration such as 90s, 10m or 1h30m", tags: []string{"!!str"}, set: setDuration},
	reflect.TypeFor[metav1.Time]():        {want: "a moment such as 2026-12-24T00:00:00Z", tags: []string{"!!str", "!!timestamp"}, set: setTime},
}

func (l leaf) decode(d *decoder, n *yaml.Node, out reflect.Value, path string) {
	for _, tag := range l.tags {
		if n.Kind == yaml.ScalarNode && n.ShortTag() == tag {
			if err := l.set(n, out); err != nil {
				d.reportAt(n, path, "%s: must be %s", quote(n.Value), l.want)
			}
			return
		}
	}
	d.wrongType(n, path, l.want)
}

func setQuantity(n *yaml.Node, out reflect.Value) error {
	// 32 characters hold every quantity that a machine has; longer ones only cost time.
	if len(n.Value) > 32 {
		return strconv.ErrRange
	}
	quantity, err := resource.ParseQuantity(n.Value)
	if err == nil {
		out.Set(reflect.ValueOf(quantity))
	}
	return err
}

func setIntOrString(n *yaml.Node, out reflect.Value) error {
	value := intstr.FromString(n.Value)
	if n.ShortTag() == "!!int" {
		var number int32
		if err := n.Decode(&number); err != nil {
			return err
		}
		value = intstr.FromInt32(number)
	}
	out.Set(reflect.ValueOf(value))
	return nil
}

func setDuration(n *yaml.Node, out reflect.Value) error {
	duration, err := time.ParseDuration(n.Value)
	out.Set(reflect.ValueOf(metav1.Duration{Duration: duration}))
	return err
}

func setTime(n *yaml.Node, out reflect.Value) error {
	moment, err := time.Parse(time.RFC3339, n.Value)
	out.Set(reflect.ValueOf(metav1.NewTime(moment)))
	return err
}

// scalar puts a node into a plain Go value: text, true or false, a whole number.
func (d *decoder) scalar(n *yaml.Node, out reflect.Value, path string) {
	switch out.Kind() {
	case reflect.String:
		d.text(n, out, path)
	case reflect.Bool:
		var value bool
		if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" || n.Decode(&value) != nil {
			d.wrongType(n, path, "true or false")
			return
		}
		out.SetBool(value)
	case reflect.Int, reflect.Int32, reflect.Int64:
		var value int64
		if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" {
			d.wrongType(n, path, "a whole number")
			return
		}
		if n.Decode(&value) != nil || out.OverflowInt(value) {
			d.reportAt(n, path, "%s: must be at most %d", quote(n.Value), int64(math.MaxInt64)>>(64-out.Type().Bits()))
			return
		}
		out.SetInt(value)
	default:
		d.reportAt(n, path, "cannot be set in a file")
	}
}

// text takes the spelling of a value of the wrong type all the same: what depends on the field need not complain too.
func (d *decoder) text(n *yaml.Node, out reflect.Value, path string) {
	if n.Kind != yaml.ScalarNode {
		d.wrongType(n, path, "text")
		return
	}
	out.SetString(n.Value)
	switch n.ShortTag() {
	case "!!str", "!!timestamp":
	case "!!int", "!!float", "!!bool":
		d.reportAt(n, path, "must be text, and is %s: put it in quotes, %q", describe(n), n.Value)
	default:
		d.wrongType(n, path, "text")
	}
}

func (d *decoder) wrongType(n *yaml.Node, path, want string) {
	d.reportAt(n, path, "must be %s, and is %s", want, describe(n))
}

// free reads a value that has no Go type, and notes where its parts stand.
func (d *decoder) free(n *yaml.Node, path string, depth int) (value any, ok bool) {
	if n.Kind == yaml.AliasNode {
		d.throughAlias(n, path, func(target *yaml.Node) { value, ok = d.free(target, path, depth) })
		return value, ok
	}
	if !d.count(n, path) {
		return nil, false
	}
	if depth > maxDepth {
		d.reportAt(n, path, "is nested more than %d deep", maxDepth)
		return nil, false
	}
	switch n.Kind {
	case yaml.MappingNode:
		object := map[string]any{}
		d.entries(n, path, fieldPath, func(key, item *yaml.Node, at string) {
			d.places[at] = place{key: key, value: item}
			if value, ok := d.free(item, at, depth+1); ok {
				object[key.Value] = value
			}
		})
		return object, true
	case yaml.SequenceNode:
		list := []any{}
		for i, item := range n.Content {
			at := itemPath(path, i)
			d.places[at] = place{value: item}
			if value, ok := d.free(item, at, depth+1); ok {
				list = append(list, value)
			}
		}
		return list, true
	default:
		return d.freeScalar(n, path)
	}
}

func (d *decoder) freeScalar(n *yaml.Node, path string) (any, bool) {
	var err error
	switch n.ShortTag() {
	case "!!null":
		return nil, true
	case "!!str", "!!timestamp":
		return n.Value, true
	case "!!bool":
		var value bool
		err = n.Decode(&value)
		return value, d.taken(n, path, err)
	case "!!int":
		var value int64
		err = n.Decode(&value)
		return value, d.taken(n, path, err)
	case "!!float":
		var value float64
		if err = n.Decode(&value); err == nil && (math.IsNaN(value) || math.IsInf(value, 0)) {
			err = fmt.Errorf("%s has no place in JSON", n.Value)
		}
		return value, d.taken(n, path, err)
	}
	d.wrongType(n, path, "text, a number, true or false")
	return nil, false
}

// taken reports a scalar that is not what its tag says, or too large.
func (d *decoder) taken(n *yaml.Node, path string, err error) bool {
	if err != nil {
		d.reportAt(n, path, "%s: must be a number that fits into 64 bits, true or false", quote(n.Value))
	}
	return err == nil
}

// describe says what a node is, in words.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "an object"
	case yaml.SequenceNode:
		return "a list"
	}
	switch tag := n.ShortTag(); tag {
	case "!!str":
		return "text"
	case "!!int":
		return "a number"
	case "!!float":
		return "a decimal number"
	case "!!bool":
		return "true or false"
	case "!!timestamp":
		return "a date"
	case "!!null":
		return "nothing"
	default:
		return "tagged " + tag
	}
}

func isNull(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
}

// quote shortens what a person knows anyway.
func quote(value string) string {
	const most = 80
	if runes := []rune(value); len(runes) > most {
		value = string(runes[:most]) + "…"
	}
	return strconv.Quote(value)
}
