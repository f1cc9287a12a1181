package trust

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// Change is the op of the step: files, and the command that makes the bundles
// anew from them.
type Change struct {
	// Bundle names what is made.
	Bundle string `json:"bundle"`
	// Write, Restore and Remove are the files. A Change without files only runs the
	// command.
	Write   []op.File    `json:"write,omitempty"`
	Restore []op.Restore `json:"restore,omitempty"`
	Remove  []op.Remove  `json:"remove,omitempty"`
	// Update is the command line.
	Update []string   `json:"update"`
	Shown  steps.Diff `json:"shown"`
}

// Kinds is Change by its name in journals.
func Kinds() map[string]steps.Op { return map[string]steps.Op{"trust": Change{}} }

// updateTimeout is for hundreds of certificates on a slow disk.
const updateTimeout = 5 * time.Minute

// Key is "trust:" and the bundle.
func (o Change) Key() string { return "trust:" + o.Bundle }

// Impact is None: programs that run have read the bundle already.
func (o Change) Impact() steps.Impact { return steps.None }

// Diff names the certificates.
func (o Change) Diff() steps.Diff { return o.Shown }

// Inverse puts the files back as they are now, and makes the bundles from them.
func (o Change) Inverse(ctx context.Context, v host.View) (steps.Op, error) {
	back := Change{Bundle: o.Bundle, Update: o.Update, Shown: steps.Diff{Action: "update", Notes: []string{"the certificates of before"}}}
	for _, edit := range o.edits() {
		inverse, err := edit.Inverse(ctx, v)
		if err != nil {
			return nil, err
		}
		switch inverse := inverse.(type) {
		case op.Restore:
			back.Restore = append(back.Restore, inverse)
		case op.Remove:
			back.Remove = append(back.Remove, inverse)
		default:
			return nil, fmt.Errorf("%s is no regular file: move it away", strings.TrimPrefix(edit.Key(), "file:"))
		}
	}
	return back, nil
}

// Do makes all edits and then runs the command, also where the files are so
// already: it may not have run to its end the last time.
func (o Change) Do(ctx context.Context, h host.Host) error {
	for _, edit := range o.edits() {
		if err := edit.Do(ctx, h); err != nil {
			return err
		}
	}
	if _, err := h.Run(ctx, host.Command{Argv: o.Update, Timeout: updateTimeout}); err != nil {
		return fmt.Errorf("making %s anew: %w", o.Bundle, err)
	}
	return nil
}

// edits writes before it removes, so that an authority that moves to another file
// is never missing.
func (o Change) edits() []steps.Op {
	var edits []steps.Op
	for _, write := range o.Write {
		edits = append(edits, write)
	}
	for _, restore := range o.Restore {
		edits = append(edits, restore)
	}
	for _, remove := range o.Remove {
		edits = append(edits, remove)
	}
	return edits
}
