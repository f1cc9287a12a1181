package hosttest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"github.com/hostler-dev/hostler/steps/host"
)

// WriteFile implements host.FileWriter.
func (f *Fake) WriteFile(p string, content []byte, attr host.Attr) error {
	return f.change("WriteFile", p, func() error { return f.writeFile(p, content, attr) })
}

func (f *Fake) writeFile(p string, content []byte, attr host.Attr) error {
	folder, name, err := f.target("writing", p, attr)
	if err != nil {
		return err
	}
	if old, ok := folder.children[name]; ok && !old.mode.IsRegular() {
		return fmt.Errorf("writing %q: %w", p, host.ErrNotRegular)
	}
	if strings.HasPrefix(p, "/sys/") && !f.image { // the kernel makes no files there: SetAttribute
		return fmt.Errorf("writing %q: %w", p, fs.ErrPermission)
	}
	if err := f.keepOriginal(p); err != nil {
		return err
	}
	written := &node{content: slices.Clone(content), modified: f.now}
	written.setAttr(attr)
	folder.children[name] = written
	return nil
}

// target checks what a write is given and finds the folder that it changes.
func (f *Fake) target(act, p string, attr host.Attr) (*node, string, error) {
	if err := checkPath(act, p); err != nil {
		return nil, "", err
	}
	if p == "/" {
		return nil, "", fmt.Errorf("%s %q: the root itself is not changed: %w", act, p, fs.ErrInvalid)
	}
	if extra := attr.Mode &^ host.ModeBits; extra != 0 {
		return nil, "", fmt.Errorf("%s %q: mode %v has bits beside permissions, setuid, setgid and sticky: %w", act, p, attr.Mode, fs.ErrInvalid)
	}
	folder, name, err := f.parent(p)
	if err != nil {
		return nil, "", fmt.Errorf("%s %q: its folder: %w", act, p, err)
	}
	return folder, name, nil
}

// SetAttr implements host.FileWriter.
func (f *Fake) SetAttr(p string, attr host.Attr) error {
	return f.change("SetAttr", p, func() error {
		folder, name, err := f.target("setting owner and mode of", p, attr)
		if err != nil {
			return err
		}
		n, ok := folder.children[name]
		switch {
		case !ok:
			return fmt.Errorf("setting owner and mode of %q: %w", p, fs.ErrNotExist)
		case !n.mode.IsRegular() && !n.isDir():
			return fmt.Errorf("setting owner and mode of %q: %w", p, host.ErrNotRegular)
		case n.info().Attr() == attr:
			return nil
		}
		if err := f.keepOriginal(p); err != nil {
			return err
		}
		n.setAttr(attr)
		return nil
	})
}

// Mkdir implements host.FileWriter.
func (f *Fake) Mkdir(p string, attr host.Attr) error {
	return f.change("Mkdir", p, func() error { return f.mkdir(p, attr) })
}

func (f *Fake) mkdir(p string, attr host.Attr) error {
	folder, name, err := f.target("making folder", p, attr)
	if err != nil {
		return err
	}
	old, exists := folder.children[name]
	if exists && !old.isDir() {
		return fmt.Errorf("making folder %q: something else is in its place: %w", p, fs.ErrExist)
	}
	if exists && old.info().Attr() == attr {
		return nil
	}
	if err := f.keepOriginal(p); err != nil {
		return err
	}
	if !exists {
		old = newDir(0)
		old.modified = f.now
		folder.children[name] = old
	}
	old.setAttr(attr)
	return nil
}

// Symlink implements host.FileWriter.
func (f *Fake) Symlink(p, target string) error {
	return f.change("Symlink", p, func() error { return f.symlink(p, target) })
}

func (f *Fake) symlink(p, target string) error {
	folder, name, err := f.target("linking", p, host.Attr{})
	if err != nil {
		return err
	}
	if target == "" {
		return fmt.Errorf("linking %q: empty target: %w", p, fs.ErrInvalid)
	}
	if old, ok := folder.children[name]; ok && !old.isLink() {
		return fmt.Errorf("linking %q: something else is in its place: %w", p, fs.ErrExist)
	}
	if err := f.keepOriginal(p); err != nil {
		return err
	}
	folder.children[name] = &node{mode: fs.ModeSymlink | 0o777, target: target, modified: f.now}
	return nil
}

// Remove implements host.FileWriter.
func (f *Fake) Remove(p string) error {
	return f.change("Remove", p, func() error { return f.remove(p) })
}

func (f *Fake) remove(p string) error {
	folder, name, err := f.target("removing", p, host.Attr{})
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil
	}
	if err != nil {
		return err
	}
	old, ok := folder.children[name]
	if !ok {
		return nil
	}
	if len(old.children) > 0 {
		return fmt.Errorf("removing %q: it still holds %s: %w", p, strings.Join(old.names(), ", "), syscall.ENOTEMPTY)
	}
	if err := f.keepOriginal(p); err != nil {
		return err
	}
	delete(folder.children, name)
	return nil
}

// Keep implements host.FileWriter.
func (f *Fake) Keep(p string) (string, error) {
	var blob string
	err := f.change("Keep", p, func() error {
		n, err := f.read("keeping", p, false)
		if err != nil {
			return err
		}
		if !n.mode.IsRegular() {
			return fmt.Errorf("keeping %q: %w", p, host.ErrNotRegular)
		}
		blob = f.keepBlob(n.content)
		return nil
	})
	return blob, err
}

// Restore implements host.FileWriter.
func (f *Fake) Restore(p, blob string, attr host.Attr) error {
	return f.change("Restore", p, func() error {
		content, err := f.readFile(host.BlobPath(f.StateDir(), blob))
		if err != nil {
			return fmt.Errorf("restoring %q: %w", p, err)
		}
		return f.writeFile(p, content, attr)
	})
}

// keepBlob stores contents and returns their name.
func (f *Fake) keepBlob(content []byte) string {
	sum := sha256.Sum256(content)
	blob := hex.EncodeToString(sum[:])
	f.putState(host.BlobPath(f.StateDir(), blob), content)
	return blob
}

func (f *Fake) putState(p string, content []byte) {
	for _, folder := range []string{f.StateDir(), f.StateDir() + "/blobs", f.StateDir() + "/originals"} {
		f.ensureDir(folder).setAttr(host.Attr{Mode: 0o700})
	}
	f.put(p, &node{mode: 0o600, content: slices.Clone(content)})
}

// keepOriginal notes what is at a path, the first time that it is touched.
func (f *Fake) keepOriginal(p string) error {
	at := host.OriginalPath(f.StateDir(), p)
	if _, err := f.walk(at, false); err == nil || p == f.StateDir() || strings.HasPrefix(p, f.StateDir()+"/") {
		return nil
	}
	original := host.Original{Path: p, Kind: host.OriginalNone}
	if n, err := f.walk(p, false); err == nil {
		original = f.describe(p, n)
	}
	text, err := json.Marshal(original)
	if err != nil {
		return fmt.Errorf("keeping the original of %q: %w", p, err)
	}
	f.putState(at, text)
	return nil
}

func (f *Fake) describe(p string, n *node) host.Original {
	original := host.Original{Path: p, Kind: host.OriginalOther, Attr: n.info().Attr()}
	switch {
	case n.mode.IsRegular():
		original.Kind, original.Blob = host.OriginalFile, f.keepBlob(n.content)
	case n.isDir():
		original.Kind = host.OriginalFolder
	case n.isLink():
		original.Kind, original.Target, original.Attr = host.OriginalLink, n.target, host.Attr{}
	}
	return original
}
