package op

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

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

// notRegular explains what stands in a file's place and how to get out of it.
func notRegular(v host.View, name string, info host.Info) error {
	switch {
	case info.Mode&fs.ModeSymlink != 0:
		target, err := v.Readlink(name)
		if err != nil {
			return err
		}
		return fmt.Errorf("%s is a symbolic link to %s, and hostler writes only regular files: manage %s instead, or remove the link: %w",
			name, target, target, host.ErrNotRegular)
	case info.Mode.IsDir():
		return fmt.Errorf("%s is a directory where a file should be: move it away: %w", name, host.ErrNotRegular)
	default:
		return fmt.Errorf("%s is a %s where a file should be: move it away: %w", name, info.Mode.Type(), host.ErrNotRegular)
	}
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

// undoPath returns the op that puts a path back to what is there now. It is the
// inverse of every op that replaces or removes a path, and costs what that costs.
func undoPath(v host.View, name string, cost steps.Impact) (steps.Op, error) {
	info, err := v.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		missing, err := missingParents(v, name)
		if err != nil {
			return nil, err
		}
		return Remove{Path: name, Dirs: missing, Cost: cost}, nil
	case err != nil:
		return nil, err
	case info.Mode&fs.ModeSymlink != 0:
		target, err := v.Readlink(name)
		if err != nil {
			return nil, err
		}
		return Symlink{Path: name, Target: target}, nil
	case info.Mode.IsDir():
		return undoDirectory(name, info), nil
	case !info.Mode.IsRegular():
		return nil, notRegular(v, name, info)
	}
	content, err := v.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return Restore{Path: name, Blob: digest(content), Attr: info.Attr(), Cost: cost}, nil
}

// missingParents lists the parent directories that do not exist, deepest first.
func missingParents(v host.View, name string) ([]string, error) {
	var missing []string
	for dir := path.Dir(name); dir != "/" && dir != "."; dir = path.Dir(dir) {
		info, err := v.Stat(dir)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, dir)
		case err != nil:
			return nil, err
		case !info.Mode.IsDir():
			return nil, fmt.Errorf("%s is not a directory, so %s cannot be in it: move it away", dir, name)
		default:
			return missing, nil
		}
	}
	return missing, nil
}

func makeParents(h host.Host, name string) error {
	missing, err := missingParents(h, name)
	if err != nil {
		return err
	}
	for i := len(missing) - 1; i >= 0; i-- {
		if err := h.Mkdir(missing[i], host.Attr{Mode: 0o755}); err != nil {
			return err
		}
	}
	return nil
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}
