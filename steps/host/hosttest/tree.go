package hosttest

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/hostler-dev/hostler/steps/host"
)

const (
	modeSticky = fs.ModeSticky
	// maxLinks is how many symbolic links Linux follows in one path.
	maxLinks = 40
)

// node is an inode: a file, a folder, a link or a device, told apart by the type
// bits of its mode.
type node struct {
	mode     fs.FileMode
	uid, gid int
	modified time.Time
	content  []byte
	target   string
	children map[string]*node
}

func newDir(perm fs.FileMode) *node {
	return &node{mode: fs.ModeDir | perm, children: map[string]*node{}}
}

func (n *node) isDir() bool  { return n.mode.IsDir() }
func (n *node) isLink() bool { return n.mode&fs.ModeSymlink != 0 }

// names returns the sorted names in a folder.
func (n *node) names() []string { return slices.Sorted(maps.Keys(n.children)) }

func (n *node) clone() *node {
	c := *n
	c.content = slices.Clone(n.content)
	if n.children != nil {
		c.children = make(map[string]*node, len(n.children))
		for name, child := range n.children {
			c.children[name] = child.clone()
		}
	}
	return &c
}

func (n *node) info() host.Info {
	return host.Info{Mode: n.mode, UID: n.uid, GID: n.gid, Size: int64(len(n.content) + len(n.target)), ModTime: n.modified}
}

func (n *node) setAttr(attr host.Attr) {
	n.mode = n.mode&fs.ModeType | attr.Mode
	n.uid, n.gid = attr.UID, attr.GID
}

// checkPath holds callers to clean absolute paths, as the real host does.
func checkPath(act, p string) error {
	if !path.IsAbs(p) || path.Clean(p) != p {
		return fmt.Errorf("%s %q: want a clean absolute path: %w", act, p, fs.ErrInvalid)
	}
	return nil
}

// walk finds the node of a path, as the kernel does with the root as "/". The
// last part is followed if it is a link and follow is set.
func (f *Fake) walk(p string, follow bool) (*node, error) {
	links := 0
	return f.walkFrom([]*node{f.root}, p, follow, &links)
}

// walkFrom walks p from the last folder of trail, the way from the root to here.
func (f *Fake) walkFrom(trail []*node, p string, follow bool, links *int) (*node, error) {
	if path.IsAbs(p) {
		trail = trail[:1]
	}
	trail = slices.Clone(trail)
	parts := strings.FieldsFunc(p, func(r rune) bool { return r == '/' })
	for i, part := range parts {
		here := trail[len(trail)-1]
		switch {
		case !here.isDir():
			return nil, syscall.ENOTDIR
		case part == ".":
			continue
		case part == "..":
			if len(trail) > 1 { // ".." of the root is the root
				trail = trail[:len(trail)-1]
			}
			continue
		}
		child, ok := here.children[part]
		if !ok {
			return nil, syscall.ENOENT
		}
		last := i == len(parts)-1
		if child.isLink() && (follow || !last) {
			if *links++; *links > maxLinks {
				return nil, syscall.ELOOP
			}
			rest := path.Join(parts[i+1:]...)
			return f.walkFrom(trail, joinRaw(child.target, rest), follow, links)
		}
		trail = append(trail, child)
	}
	return trail[len(trail)-1], nil
}

// joinRaw joins without cleaning: "link/.." is the parent of what link leads to.
func joinRaw(target, rest string) string {
	if rest == "" {
		return target
	}
	return target + "/" + rest
}

// parent returns the folder that holds a path and the path's name in it.
func (f *Fake) parent(p string) (*node, string, error) {
	folder, err := f.walk(path.Dir(p), true)
	if err != nil {
		return nil, "", err
	}
	if !folder.isDir() {
		return nil, "", syscall.ENOTDIR
	}
	return folder, path.Base(p), nil
}

// put places a node at a path, making the folders on the way; options use it.
// An option that cannot be (a file below a file) replaces what is in its way.
func (f *Fake) put(p string, n *node) {
	folder := f.ensureDir(path.Dir(path.Clean("/" + p)))
	n.modified = f.now
	folder.children[path.Base(p)] = n
}

func (f *Fake) ensureDir(p string) *node {
	if found, err := f.walk(p, true); err == nil && found.isDir() {
		return found
	} else if p == "/" || errors.Is(err, syscall.ELOOP) {
		return f.root
	}
	parent := f.ensureDir(path.Dir(p))
	made := newDir(0o755)
	made.modified = f.now
	parent.children[path.Base(p)] = made
	return made
}
