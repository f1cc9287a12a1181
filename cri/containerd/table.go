package containerd

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// table is a TOML table.
type table = map[string]any

// parse reads a TOML file. The error names the line.
func parse(content []byte) (table, error) {
	doc := table{}
	if err := toml.Unmarshal(content, &doc); err != nil {
		var bad *toml.DecodeError
		if errors.As(err, &bad) {
			line, column := bad.Position()
			return nil, fmt.Errorf("line %d, column %d: %w", line, column, err)
		}
		return nil, err
	}
	return doc, nil
}

// format writes a table in the one order that it always has.
func format(doc table) ([]byte, error) {
	var out bytes.Buffer
	encoder := toml.NewEncoder(&out)
	encoder.SetIndentTables(true)
	if err := encoder.Encode(doc); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// subtable returns the table at the path and makes what is missing of it.
func subtable(doc table, path ...string) (table, error) {
	for i, key := range path {
		switch next := doc[key].(type) {
		case table:
			doc = next
		case nil:
			made := table{}
			doc[key] = made
			doc = made
		default:
			return nil, fmt.Errorf("%s is not a table but %v", dotted(path[:i+1]), next)
		}
	}
	return doc, nil
}

// lookup returns the value at the path, or nil.
func lookup(doc table, path ...string) any {
	var value any = doc
	for _, key := range path {
		next, ok := value.(table)
		if !ok {
			return nil
		}
		value = next[key]
	}
	return value
}

// set sets the key at the path and makes the tables that are missing.
func set(doc table, value any, path ...string) error {
	last := len(path) - 1
	parent, err := subtable(doc, path[:last]...)
	if err != nil {
		return err
	}
	parent[path[last]] = value
	return nil
}

// overlay lays one table over another, by the rules of a JSON merge patch
// (RFC 7386): tables merge, null removes, everything else replaces.
func overlay(doc, patch table, path ...string) error {
	for key, value := range patch {
		at := append(path[:len(path):len(path)], key)
		switch value := value.(type) {
		case nil:
			delete(doc, key)
		case table:
			under, ok := doc[key].(table)
			if !ok {
				under = table{}
			}
			if err := overlay(under, value, at...); err != nil {
				return err
			}
			// Removing from a table that is not there must not make it.
			if ok || len(under) > 0 || len(value) == 0 {
				doc[key] = under
			}
		default:
			plain, err := plainValue(value, at)
			if err != nil {
				return err
			}
			doc[key] = plain
		}
	}
	return nil
}

// plainValue copies a value of an overlay as TOML has it.
func plainValue(value any, path []string) (any, error) {
	switch value := value.(type) {
	case bool, string, int64, float64:
		return value, nil
	case int:
		return int64(value), nil
	case []any:
		list := make([]any, len(value))
		for i, element := range value {
			var err error
			if list[i], err = plainValue(element, path); err != nil {
				return nil, err
			}
		}
		return list, nil
	case table:
		copied := table{}
		for key, element := range value {
			var err error
			if copied[key], err = plainValue(element, append(path[:len(path):len(path)], key)); err != nil {
				return nil, err
			}
		}
		return copied, nil
	case nil:
		return nil, fmt.Errorf("%s: null inside a list cannot be written in TOML", dotted(path))
	default:
		return nil, fmt.Errorf("%s: a value of type %T cannot be written in TOML", dotted(path), value)
	}
}

var bareKey = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// dotted writes a path as TOML does: plugins."io.containerd.grpc.v1.cri".cni
func dotted(path []string) string {
	keys := make([]string, len(path))
	for i, key := range path {
		keys[i] = key
		if !bareKey.MatchString(key) && key != anyKey {
			keys[i] = fmt.Sprintf("%q", key)
		}
	}
	return strings.Join(keys, ".")
}
