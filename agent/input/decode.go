package input

import (
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	// maxAliased bounds the values that aliases stand for in one document, against a few lines that mean gigabytes.
	maxAliased = 10_000
	// maxDepth bounds free-form objects; the rest of a document is as deep as its types.
	maxDepth = 100
)

// decoder turns one document into Go values and keeps what is wrong with it.
type decoder struct {
	problems []Problem
	places   places
	failed   []string // paths whose value could not be taken

	expanding map[*yaml.Node]bool // targets of the aliases that the walk is in
	aliased   int
}

func newDecoder() *decoder {
	return &decoder{places: places{}, expanding: map[*yaml.Node]bool{}}
}

func (d *decoder) report(path string, line, column int, format string, args ...any) {
	d.problems = append(d.problems, Problem{Line: line, Column: column, Path: path, Message: fmt.Sprintf(format, args...)})
	d.failed = append(d.failed, path)
}

func (d *decoder) reportAt(n *yaml.Node, path, format string, args ...any) {
	d.report(path, n.Line, n.Column, format, args...)
}

// value puts a node into out, and leaves out alone where it does not fit. A null is a value that is not set.
func (d *decoder) value(n *yaml.Node, out reflect.Value, path string) {
	if n.Kind == yaml.AliasNode {
		d.throughAlias(n, path, func(target *yaml.Node) { d.value(target, out, path) })
		return
	}
	if !d.count(n, path) || isNull(n) {
		return
	}
	if out.Kind() == reflect.Pointer {
		out.Set(reflect.New(out.Type().Elem()))
		out = out.Elem()
	}
	if leaf, ok := leaves[out.Type()]; ok {
		leaf.decode(d, n, out, path)
		return
	}
	if decodesItself(out) {
		d.raw(n, out, path)
		return
	}
	switch out.Kind() {
	case reflect.Struct:
		d.structure(n, out, path)
	case reflect.Map:
		d.mapping(n, out, path)
	case reflect.Slice:
		d.list(n, out, path)
	default:
		d.scalar(n, out, path)
	}
}

// throughAlias visits what an alias stands for, unless the walk is in there already.
func (d *decoder) throughAlias(n *yaml.Node, path string, visit func(*yaml.Node)) {
	if d.expanding[n.Alias] {
		d.reportAt(n, path, "*%s stands for a value that it is a part of", n.Value)
		return
	}
	d.expanding[n.Alias] = true
	visit(n.Alias)
	delete(d.expanding, n.Alias)
}

// count reports, once, that the aliases have expanded too far. False: stop here.
func (d *decoder) count(n *yaml.Node, path string) bool {
	if len(d.expanding) == 0 {
		return true
	}
	d.aliased++
	if d.aliased == maxAliased+1 {
		d.reportAt(n, path, "the aliases of this document stand for more than %d values: write them out", maxAliased)
	}
	return d.aliased <= maxAliased
}

// structure fills the fields of a Go struct by their JSON names.
func (d *decoder) structure(n *yaml.Node, out reflect.Value, path string) {
	fields := fieldsOf(out.Type())
	d.entries(n, path, fieldPath, func(key, value *yaml.Node, at string) {
		index, known := fields[key.Value]
		if !known {
			d.unknownField(key, at, slices.Sorted(maps.Keys(fields)))
			return
		}
		d.places[at] = place{key: key, value: value}
		d.value(value, out.FieldByIndex(index), at)
	})
}

func (d *decoder) unknownField(key *yaml.Node, path string, known []string) {
	if meant, ok := closest(key.Value, known); ok {
		d.reportAt(key, path, "unknown field: did you mean %s?", meant)
		return
	}
	d.reportAt(key, path, "unknown field: known are %s", strings.Join(known, ", "))
}

func (d *decoder) mapping(n *yaml.Node, out reflect.Value, path string) {
	entries := reflect.MakeMap(out.Type())
	d.entries(n, path, entryPath, func(key, value *yaml.Node, at string) {
		d.places[at] = place{key: key, value: value}
		entry := reflect.New(out.Type().Elem()).Elem()
		if d.present(value, at) {
			d.value(value, entry, at)
		}
		entries.SetMapIndex(reflect.ValueOf(key.Value).Convert(out.Type().Key()), entry)
	})
	out.Set(entries)
}

// list keeps a place for items that do not fit, so that the indices of the others stay right.
func (d *decoder) list(n *yaml.Node, out reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		d.wrongType(n, path, "a list")
		return
	}
	items := reflect.MakeSlice(out.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		at := itemPath(path, i)
		d.places[at] = place{value: item}
		if d.present(item, at) {
			d.value(item, items.Index(i), at)
		}
	}
	out.Set(items)
}

// present reports an item or entry without a value: unlike a field, it cannot just be not set.
func (d *decoder) present(n *yaml.Node, path string) bool {
	if isNull(n) {
		d.reportAt(n, path, "has no value")
		return false
	}
	return true
}

// entries visits the keys of an object, each once, with their paths as spell makes them.
func (d *decoder) entries(n *yaml.Node, path string, spell func(parent, key string) string, visit func(key, value *yaml.Node, at string)) {
	if n.Kind != yaml.MappingNode {
		d.wrongType(n, path, "an object")
		return
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		before, twice := lines[key.Value]
		switch {
		case key.Kind != yaml.ScalarNode:
			d.reportAt(key, path, "a key must be plain text")
		case key.ShortTag() == "!!merge":
			d.reportAt(key, path, "merge keys (<<) are not supported: write the fields out")
		case twice:
			d.reportAt(key, spell(path, key.Value), "is here twice: it is on line %d already", before)
		default:
			lines[key.Value] = key.Line
			visit(key, value, spell(path, key.Value))
		}
	}
}

// raw hands a node over to a type that reads JSON itself.
func (d *decoder) raw(n *yaml.Node, out reflect.Value, path string) {
	if out.Kind() == reflect.Map && n.Kind != yaml.MappingNode {
		d.wrongType(n, path, "an object")
		return
	}
	value, ok := d.free(n, path, 0)
	if !ok {
		return
	}
	data, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(data, out.Addr().Interface())
	}
	if err != nil {
		d.reportAt(n, path, "%v", err)
	}
}

var (
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func decodesItself(v reflect.Value) bool {
	t := reflect.PointerTo(v.Type())
	return t.Implements(jsonUnmarshaler) || t.Implements(textUnmarshaler)
}

// fieldsOf lists the fields of a struct by the names they have in JSON, those of embedded structs among them.
func fieldsOf(t reflect.Type) map[string][]int {
	fields := map[string][]int{}
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.IsExported() && name != "" && name != "-" && reachable(t, field.Index) {
			fields[name] = field.Index
		}
	}
	return fields
}

// reachable tells the fields of structs that JSON takes as inline from those that it gives a name of their own, such as
// those of ObjectMeta, which Go promotes just the same.
func reachable(t reflect.Type, index []int) bool {
	for depth := 1; depth < len(index); depth++ {
		name, _, _ := strings.Cut(t.FieldByIndex(index[:depth]).Tag.Get("json"), ",")
		if name != "" {
			return false
		}
	}
	return true
}
