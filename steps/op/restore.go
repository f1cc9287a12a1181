package op

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Restore puts a file back from the blob store. It is the inverse of ops that
// replace or remove files; the contents stay out of the journal that way.
type Restore struct {
	Path string `json:"path"`
	// Blob is the SHA-256 of the contents, in hexadecimal.
	Blob string       `json:"blob"`
	Attr host.Attr    `json:"attr"`
	Cost steps.Impact `json:"cost"`
}

// Key is that of the file.
func (o Restore) Key() string { return "file:" + o.Path }

// Impact is that of the op taken back.
func (o Restore) Impact() steps.Impact { return o.Cost }

// Diff names the contents by their digest.
func (o Restore) Diff() steps.Diff {
	return steps.Diff{Action: "restore", To: fmt.Sprintf("%s, sha256 %.12s", describeAttr(o.Attr), o.Blob)}
}

// Inverse is that of writing the file.
func (o Restore) Inverse(_ context.Context, v host.View) (steps.Op, error) {
	return undoPath(v, o.Path, o.Cost)
}

// Do leaves a file that still has the contents alone but for owner and mode;
// so it is right also where the op it takes back never ran.
func (o Restore) Do(_ context.Context, h host.Host) error {
	if err := makeParents(h, o.Path); err != nil {
		return err
	}
	content, err := h.ReadFile(o.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case digest(content) == o.Blob:
		return h.SetAttr(o.Path, o.Attr)
	default:
		if _, err := h.Keep(o.Path); err != nil {
			return err
		}
	}
	return h.Restore(o.Path, o.Blob, o.Attr)
}

// Remove removes a file, a link or an empty directory.
type Remove struct {
	Path string `json:"path"`
	// Dirs are directories to remove after it, deepest first, where they are empty: those
	// which the op taken back made.
	Dirs []string     `json:"dirs,omitempty"`
	Cost steps.Impact `json:"cost"`
}

// PlanRemove returns the op that removes the path, or nil when it is not there.
// A directory that holds something is an error: hostler removes no trees.
func PlanRemove(v host.View, name string) (steps.Op, error) {
	info, err := v.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if info.Mode.IsDir() {
		names, err := v.ReadDir(name)
		if err != nil {
			return nil, err
		}
		if len(names) > 0 {
			return nil, fmt.Errorf("%s is a directory that is not empty (%s): remove it by hand", name, strings.Join(names, ", "))
		}
	}
	return Remove{Path: name}, nil
}

// Key is that of the file.
func (o Remove) Key() string { return "file:" + o.Path }

// Impact is the cost that the step gave.
func (o Remove) Impact() steps.Impact { return o.Cost }

// Diff says that the path goes.
func (o Remove) Diff() steps.Diff { return steps.Diff{Action: "remove"} }

// Inverse brings back what is at the path now.
func (o Remove) Inverse(_ context.Context, v host.View) (steps.Op, error) {
	return undoPath(v, o.Path, o.Cost)
}

// Do keeps a regular file's contents in the blob store before it removes it.
// Directories that are not empty stay: this op made them, and meanwhile somebody
// else's file came in.
func (o Remove) Do(_ context.Context, h host.Host) error {
	dirs := o.Dirs
	info, err := h.Lstat(o.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case info.Mode.IsDir():
		dirs = append([]string{o.Path}, dirs...)
	default:
		if err := removeFile(h, o.Path, info); err != nil {
			return err
		}
	}
	for _, dir := range dirs {
		names, err := h.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil || len(names) > 0 {
			return err
		}
		if err := h.Remove(dir); err != nil {
			return err
		}
	}
	return nil
}

func removeFile(h host.Host, name string, info host.Info) error {
	if info.Mode.IsRegular() {
		if _, err := h.Keep(name); err != nil {
			return err
		}
	}
	return h.Remove(name)
}
