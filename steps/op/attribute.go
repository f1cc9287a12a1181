package op

import (
	"context"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Attribute sets a value that the running kernel keeps in a file below /sys.
type Attribute struct {
	Path string `json:"path"`
	From string `json:"from"`
	To   string `json:"to"`
}

// PlanAttribute returns the op that sets the attribute, or nil when it has the
// value. One that the kernel lacks is fs.ErrNotExist.
func PlanAttribute(v host.View, name, value string) (steps.Op, error) {
	content, err := v.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if now := host.AttributeValue(content); now != value {
		return Attribute{Path: name, From: now, To: value}, nil
	}
	return nil, nil
}

// Key is "attribute:" and the path.
func (o Attribute) Key() string { return "attribute:" + o.Path }

// Impact is None: running processes keep running.
func (o Attribute) Impact() steps.Impact { return steps.None }

// Diff shows both values.
func (o Attribute) Diff() steps.Diff { return steps.Diff{Action: "set", From: o.From, To: o.To} }

// Inverse sets the value of now.
func (o Attribute) Inverse(_ context.Context, v host.View) (steps.Op, error) {
	now, err := v.ReadFile(o.Path)
	if err != nil {
		return nil, err
	}
	return Attribute{Path: o.Path, From: o.To, To: host.AttributeValue(now)}, nil
}

// Do writes the value.
func (o Attribute) Do(_ context.Context, h host.Host) error { return h.SetAttribute(o.Path, o.To) }
