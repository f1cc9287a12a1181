package op

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Directory makes a directory with owner and mode, and its missing parents.
type Directory struct {
	Path  string     `json:"path"`
	Attr  host.Attr  `json:"attr"`
	Shown steps.Diff `json:"shown"`
}

// PlanDirectory returns the op that makes the directory so, or nil.
func PlanDirectory(v host.View, name string, attr host.Attr) (steps.Op, error) {
	info, err := v.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Directory{Path: name, Attr: attr, Shown: steps.Diff{Action: "create", To: describeAttr(attr)}}, nil
	case err != nil:
		return nil, err
	case !info.Mode.IsDir():
		return nil, fmt.Errorf("%s is not a directory: move it away", name)
	case info.Attr() == attr:
		return nil, nil
	}
	shown := steps.Diff{Action: "update", From: describeAttr(info.Attr()), To: describeAttr(attr)}
	return Directory{Path: name, Attr: attr, Shown: shown}, nil
}

// Key is "directory:" and the path.
func (o Directory) Key() string { return "directory:" + o.Path }

// Impact is None.
func (o Directory) Impact() steps.Impact { return steps.None }

// Diff shows owner and mode.
func (o Directory) Diff() steps.Diff { return o.Shown }

// Inverse removes the directory, or gives it its owner and mode back.
func (o Directory) Inverse(_ context.Context, v host.View) (steps.Op, error) {
	// Through a link, as the plan and Do: what changes is what the link leads to.
	info, err := v.Stat(o.Path)
	if err == nil && info.Mode.IsDir() {
		return undoDirectory(o.Path, info), nil
	}
	return undoPath(v, o.Path, steps.None)
}

func undoDirectory(name string, info host.Info) Directory {
	return Directory{Path: name, Attr: info.Attr(), Shown: steps.Diff{Action: "restore", To: describeAttr(info.Attr())}}
}

// Do makes the directory or changes its owner and mode.
func (o Directory) Do(_ context.Context, h host.Host) error {
	if err := makeParents(h, o.Path); err != nil {
		return err
	}
	return h.Mkdir(o.Path, o.Attr)
}
