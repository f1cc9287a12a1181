package hosttest

import (
	"fmt"
	"io/fs"
	"slices"
	"syscall"

	"github.com/hostler-dev/hostler/steps/host"
)

// read finds a node for the methods of host.Files.
func (f *Fake) read(act, p string, follow bool) (*node, error) {
	if err := checkPath(act, p); err != nil {
		return nil, err
	}
	n, err := f.walk(p, follow)
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", act, p, err)
	}
	return n, nil
}

// ReadFile implements host.Files.
func (f *Fake) ReadFile(p string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.readFile(p)
}

func (f *Fake) readFile(p string) ([]byte, error) {
	n, err := f.read("reading", p, true)
	if err != nil {
		return nil, err
	}
	if !n.mode.IsRegular() {
		return nil, fmt.Errorf("reading %q: %w", p, host.ErrNotRegular)
	}
	return slices.Clone(n.content), nil
}

// Lstat implements host.Files.
func (f *Fake) Lstat(p string) (host.Info, error) { return f.stat(p, false) }

// Stat implements host.Files.
func (f *Fake) Stat(p string) (host.Info, error) { return f.stat(p, true) }

func (f *Fake) stat(p string, follow bool) (host.Info, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.read("looking at", p, follow)
	if err != nil {
		return host.Info{}, err
	}
	return n.info(), nil
}

// Readlink implements host.Files.
func (f *Fake) Readlink(p string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.readlink(p)
}

func (f *Fake) readlink(p string) (string, error) {
	n, err := f.read("reading link", p, false)
	if err != nil {
		return "", err
	}
	if !n.isLink() {
		return "", fmt.Errorf("reading link %q: it is not a link: %w", p, syscall.EINVAL)
	}
	return n.target, nil
}

// ReadDir implements host.Files.
func (f *Fake) ReadDir(p string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.readDir(p)
}

func (f *Fake) readDir(p string) ([]string, error) {
	n, err := f.read("reading folder", p, true)
	if err != nil {
		return nil, err
	}
	if !n.isDir() {
		return nil, fmt.Errorf("reading folder %q: %w", p, syscall.ENOTDIR)
	}
	return n.names(), nil
}

// LockHolder implements host.Files.
func (f *Fake) LockHolder(p string) (host.Process, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := checkPath("looking at the locks of", p); err != nil {
		return host.Process{}, false, err
	}
	holder, ok := f.locks[p]
	return holder, ok, nil
}

// File puts a regular file of root's with mode 0644.
func File(p, content string) Option {
	return FileWith(p, content, host.Attr{Mode: 0o644})
}

// FileWith puts a regular file with its owner and mode.
func FileWith(p, content string, attr host.Attr) Option {
	return placing(p, func() *node {
		n := &node{content: []byte(content)}
		n.setAttr(attr)
		return n
	})
}

// Dir makes a folder of root's with its parents; one that exists gets owner and mode.
func Dir(p string, mode fs.FileMode) Option {
	return DirWith(p, host.Attr{Mode: mode})
}

// DirWith makes a folder with its owner and mode.
func DirWith(p string, attr host.Attr) Option {
	return func(f *Fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.ensureDir(p).setAttr(attr)
	}
}

// Link puts a symbolic link at p that points to target.
func Link(p, target string) Option {
	return placing(p, func() *node { return &node{mode: fs.ModeSymlink | 0o777, target: target} })
}

// Absent removes whatever is at p, with all below it.
func Absent(p string) Option {
	return func(f *Fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if folder, name, err := f.parent(p); err == nil {
			delete(folder.children, name)
		}
	}
}

func device(p string) Option {
	return placing(p, func() *node { return &node{mode: fs.ModeDevice | fs.ModeCharDevice | 0o666} })
}

// placing makes the node anew at each use, so that an option used for two fakes
// does not tie them together.
func placing(p string, make func() *node) Option {
	return func(f *Fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.put(p, make())
	}
}

// Locked makes a process hold a lock on the file at p, until Unlocked.
func Locked(p string, holder host.Process) Option {
	return func(f *Fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.locks[p] = holder
	}
}

// Unlocked takes the lock on p away.
func Unlocked(p string) Option {
	return func(f *Fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.locks, p)
	}
}
