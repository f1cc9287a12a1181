package op

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/hostler-dev/hostler/steps"
)

// Codec writes ops as JSON and reads them back by their kind, so that a journal
// is understood after a crash, also by a later version of hostler.
type Codec struct {
	types map[string]reflect.Type
	kinds map[reflect.Type]string
}

// Kinds are the ops of this package by their names in journals. A name once
// released stays: journals outlive versions.
func Kinds() map[string]steps.Op {
	return map[string]steps.Op{
		"file": File{}, "restore": Restore{}, "remove": Remove{}, "directory": Directory{}, "symlink": Symlink{},
		"sysctl": Sysctl{}, "attribute": Attribute{}, "module": Module{}, "swap": Swap{},
		"unit-file": UnitFile{}, "job": Job{}, "stop": Stop{}, "daemon-reload": DaemonReload{},
	}
}

// NewCodec knows the given kinds; two of the same name or type are an error.
func NewCodec(kinds ...map[string]steps.Op) (*Codec, error) {
	c := &Codec{types: map[string]reflect.Type{}, kinds: map[reflect.Type]string{}}
	for _, set := range kinds {
		for _, kind := range slices.Sorted(maps.Keys(set)) {
			t := reflect.TypeOf(set[kind])
			if _, taken := c.types[kind]; taken {
				return nil, fmt.Errorf("two ops are called %q", kind)
			}
			if name, taken := c.kinds[t]; taken {
				return nil, fmt.Errorf("op %s is called both %q and %q", t, name, kind)
			}
			c.types[kind], c.kinds[t] = t, kind
		}
	}
	return c, nil
}

// encoded is an op in a journal.
type encoded struct {
	Kind string          `json:"kind"`
	Op   json.RawMessage `json:"op"`
}

// Encode writes an op as JSON on one line.
func (c *Codec) Encode(op steps.Op) (json.RawMessage, error) {
	kind, ok := c.kinds[reflect.TypeOf(op)]
	if !ok {
		return nil, fmt.Errorf("op %T has no kind: add it to the kinds of its package", op)
	}
	data, err := json.Marshal(op)
	if err != nil {
		return nil, fmt.Errorf("encoding op %q: %w", op.Key(), err)
	}
	return json.Marshal(encoded{Kind: kind, Op: data})
}

// Decode reads what Encode wrote. A kind or field that this version does not
// know is an error: half an op is worse than none.
func (c *Codec) Decode(data json.RawMessage) (steps.Op, error) {
	var e encoded
	if err := json.Unmarshal(data, &e); err != nil {
		return nil, fmt.Errorf("decoding op: %w", err)
	}
	t, ok := c.types[e.Kind]
	if !ok {
		return nil, fmt.Errorf("decoding op: this version of hostler does not know kind %q; it was written by a newer one", e.Kind)
	}
	value := reflect.New(t)
	decoder := json.NewDecoder(bytes.NewReader(e.Op))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(value.Interface()); err != nil {
		return nil, fmt.Errorf("decoding op of kind %q: %w", e.Kind, err)
	}
	return value.Elem().Interface().(steps.Op), nil
}
