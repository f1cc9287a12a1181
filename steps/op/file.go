package op

import (
	"bytes"
	"context"
	"errors"
	"io/fs"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// File writes a regular file with contents, owner and mode, and makes missing
// parent directories (root:root, 0755).
type File struct {
	Path    string       `json:"path"`
	Content []byte       `json:"content"`
	Attr    host.Attr    `json:"attr"`
	Cost    steps.Impact `json:"cost"`
	Shown   steps.Diff   `json:"shown"`
}

// FileWish is what PlanFile compares a host with.
type FileWish struct {
	Path    string
	Content []byte
	Attr    host.Attr
	// Cost is the impact of changing the file by itself, usually None: what a
	// changed file costs is in the restart that goes with it.
	Cost steps.Impact
}

// PlanFile returns the op that makes the file so, or nil when contents, owner
// and mode are as wished. A symbolic link, directory or device in the file's
// place is an error that names it: hostler does not guess which of the two
// people want.
func PlanFile(v host.View, wish FileWish) (steps.Op, error) {
	op := File{Path: wish.Path, Content: wish.Content, Attr: wish.Attr, Cost: wish.Cost}
	info, err := v.Lstat(wish.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		op.Shown = steps.Diff{Action: "create", To: describeAttr(wish.Attr)}
		if worldReadable(wish.Attr.Mode) {
			op.Shown.Text = textDiff(wish.Path, nil, wish.Content)
		}
		return op, nil
	case err != nil:
		return nil, err
	case !info.Mode.IsRegular():
		return nil, notRegular(v, wish.Path, info)
	}
	old, err := v.ReadFile(wish.Path)
	if err != nil {
		return nil, err
	}
	same := bytes.Equal(old, wish.Content)
	if same && info.Attr() == wish.Attr {
		return nil, nil
	}
	op.Shown = steps.Diff{Action: "update"}
	if info.Attr() != wish.Attr {
		op.Shown.From, op.Shown.To = describeAttr(info.Attr()), describeAttr(wish.Attr)
	}
	switch {
	case same:
	case worldReadable(info.Mode) && worldReadable(wish.Attr.Mode):
		op.Shown.Text = textDiff(wish.Path, old, wish.Content)
	default:
		op.Shown.Notes = []string{"contents change; they are not shown because not everybody may read the file"}
	}
	return op, nil
}

// NewContent tells whether an op of PlanFile changes what is in the file, or only
// its owner and mode. Who has read the file need not read it again for those.
func NewContent(v host.Files, planned steps.Op) (bool, error) {
	file, ok := planned.(File)
	if !ok {
		return false, nil
	}
	old, err := v.ReadFile(file.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return err == nil && !bytes.Equal(old, file.Content), err
}

// Key is "file:" and the path.
func (o File) Key() string { return "file:" + o.Path }

// Impact is the cost that the step gave.
func (o File) Impact() steps.Impact { return o.Cost }

// Diff is a unified diff of the contents; contents that not everybody may read are
// not shown.
func (o File) Diff() steps.Diff { return o.Shown }

// Inverse restores the file from the blob store, or removes it together with
// the directories that Do will make.
func (o File) Inverse(_ context.Context, v host.View) (steps.Op, error) {
	return undoPath(v, o.Path, o.Cost)
}

// Do keeps the old contents in the blob store and writes the new ones.
func (o File) Do(_ context.Context, h host.Host) error {
	if err := makeParents(h, o.Path); err != nil {
		return err
	}
	old, err := h.ReadFile(o.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case bytes.Equal(old, o.Content):
		return h.SetAttr(o.Path, o.Attr)
	default:
		if _, err := h.Keep(o.Path); err != nil {
			return err
		}
	}
	return h.WriteFile(o.Path, o.Content, o.Attr)
}
