package input

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// place is where a value stands. The key is nil for the items of a list and for the root.
type place struct {
	key, value *yaml.Node
}

// places are the values of one document by path. Paths are spelt as validation spells them: a.b for a field, a[0] for an
// item, a[k] for an entry of a map.
type places map[string]place

// find returns the position of the value at path. A path that is not in the file is searched for upwards: a missing
// field is reported at the object that lacks it.
func (p places) find(path string, atKey bool) (line, column int) {
	at, exact := p[path]
	for rest := path; at.value == nil; {
		rest = rest[:max(0, strings.LastIndexAny(rest, ".["))]
		at = p[rest]
		exact = false
		if rest == "" && at.value == nil {
			return 1, 1
		}
	}
	node := at.value
	if at.key != nil && (atKey || !exact || node.Kind != yaml.ScalarNode) {
		node = at.key
	}
	return node.Line, node.Column
}

// keyOf is the key of the value at path, if it has one.
func (p places) keyOf(path string) string {
	if key := p[path].key; key != nil {
		return key.Value
	}
	return ""
}

func fieldPath(parent, name string) string {
	if parent == "" {
		return name
	}
	return parent + "." + name
}

func itemPath(parent string, index int) string {
	return parent + "[" + strconv.Itoa(index) + "]"
}

func entryPath(parent, key string) string {
	return parent + "[" + key + "]"
}
