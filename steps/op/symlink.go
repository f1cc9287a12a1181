package op

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Symlink makes or replaces a symbolic link.
type Symlink struct {
	Path   string `json:"path"`
	Target string `json:"target"`
	From   string `json:"from,omitempty"`
}

// PlanSymlink returns the op that makes the link so, or nil. A regular file or a
// directory in the link's place is an error.
func PlanSymlink(v host.View, name, target string) (steps.Op, error) {
	info, err := v.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Symlink{Path: name, Target: target}, nil
	case err != nil:
		return nil, err
	case info.Mode&fs.ModeSymlink == 0:
		return nil, fmt.Errorf("%s is not a symbolic link, and hostler would lose what is there: move it away", name)
	}
	current, err := v.Readlink(name)
	if err != nil {
		return nil, err
	}
	if current == target {
		return nil, nil
	}
	return Symlink{Path: name, Target: target, From: current}, nil
}

// Key is that of the path.
func (o Symlink) Key() string { return "file:" + o.Path }

// Impact is None.
func (o Symlink) Impact() steps.Impact { return steps.None }

// Diff shows the old and the new target.
func (o Symlink) Diff() steps.Diff {
	return steps.Diff{Action: "link", From: o.From, To: o.Target}
}

// Inverse brings back what is at the path now.
func (o Symlink) Inverse(_ context.Context, v host.View) (steps.Op, error) {
	return undoPath(v, o.Path, steps.None)
}

// Do makes the link.
func (o Symlink) Do(_ context.Context, h host.Host) error {
	if err := makeParents(h, o.Path); err != nil {
		return err
	}
	return h.Symlink(o.Path, o.Target)
}
