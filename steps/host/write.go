package host

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// tempSuffix ends the names of temporary files. They are fixed, ".NAME" plus
// this, so that the next try removes what a power loss left behind.
const tempSuffix = ".hostler-tmp"

// WriteFile implements FileWriter. Libraries for atomic writes take paths, and
// could be led out of the root by a link; hence descriptors.
func (h *OS) WriteFile(p string, content []byte, attr Attr) error {
	return h.replaceFile("writing", p, attr, func(w io.Writer) error {
		_, err := bytes.NewReader(content).WriteTo(w)
		return err
	})
}

// replaceFile keeps the original of a path and puts a new file there.
func (h *OS) replaceFile(act, p string, attr Attr, fill func(io.Writer) error) error {
	return h.change(act, p, attr, func(e entry) error {
		if e.exists && !e.info.Mode.IsRegular() {
			return fmt.Errorf("%w but %s", ErrNotRegular, kindOf(e.info.Mode))
		}
		if err := h.keepOriginal(p, e); err != nil {
			return err
		}
		return e.replace(attr, fill)
	})
}

// entry is a name in an open folder: what writes work on, so that no rename of
// a folder on the way can lead them elsewhere.
type entry struct {
	folder int
	name   string
	exists bool
	info   Info // of the name itself, links not followed
}

// change checks what a write is given, finds the entry and hands it to edit,
// one write at a time. Errors of edit get the act, the path and the way out.
func (h *OS) change(act, p string, attr Attr, edit func(entry) error) error {
	if err := checkPath(act, p); err != nil {
		return err
	}
	if p == "/" {
		return fmt.Errorf("%s %q: the root itself is not changed: %w", act, p, fs.ErrInvalid)
	}
	if extra := attr.Mode &^ ModeBits; extra != 0 {
		return fmt.Errorf("%s %q: mode %v has bits beside permissions, setuid, setgid and sticky: %w", act, p, attr.Mode, fs.ErrInvalid)
	}
	h.writing.Lock()
	defer h.writing.Unlock()
	e, err := h.entry(p)
	if err != nil {
		return explain(act, p, err)
	}
	defer e.close()
	if err := edit(e); err != nil {
		return explain(act, p, err)
	}
	return nil
}

func (h *OS) entry(p string) (entry, error) {
	folder, err := h.open(h.root, path.Dir(p), unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return entry{}, fmt.Errorf("its folder: %w", err)
	}
	e := entry{folder: folder, name: path.Base(p)}
	var st unix.Stat_t
	err = unix.Fstatat(folder, e.name, &st, unix.AT_SYMLINK_NOFOLLOW)
	switch {
	case err == nil:
		e.exists, e.info = true, infoOf(&st)
	case !errors.Is(err, unix.ENOENT):
		e.close()
		return entry{}, err
	}
	return e, nil
}

func (e entry) close() { _ = unix.Close(e.folder) }

// temp is the name of the entry's temporary file. A name that would be too
// long for the file system is replaced by its digest.
func (e entry) temp() string {
	if temp := "." + e.name + tempSuffix; len(temp) <= unix.NAME_MAX {
		return temp
	}
	return "." + digest([]byte(e.name))[:32] + tempSuffix
}

// clearTemp removes what an earlier try left behind.
func (e entry) clearTemp() error {
	err := unix.Unlinkat(e.folder, e.temp(), 0)
	if err == nil || errors.Is(err, unix.ENOENT) {
		return nil
	}
	return fmt.Errorf("removing the temporary file %q: %w", e.temp(), err)
}

// replace puts a new file in the entry's place. It is complete on disk, with
// owner and mode, before it gets its name.
func (e entry) replace(attr Attr, fill func(io.Writer) error) error {
	if err := e.clearTemp(); err != nil {
		return err
	}
	// 0600 until it is full: contents may be secret.
	fd, err := unix.Openat(e.folder, e.temp(), unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	file := os.NewFile(uintptr(fd), e.temp())
	if err = e.keepLabel(fd); err == nil {
		err = fillFile(file, attr, fill)
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = unix.Renameat(e.folder, e.temp(), e.folder, e.name)
	}
	if err != nil {
		return errors.Join(err, e.clearTemp())
	}
	return unix.Fsync(e.folder)
}

func fillFile(file *os.File, attr Attr, fill func(io.Writer) error) error {
	if err := fill(file); err != nil {
		return err
	}
	if err := setOwnerAndMode(int(file.Fd()), attr); err != nil {
		return err
	}
	return file.Sync()
}

// Symlink implements FileWriter.
func (h *OS) Symlink(p, target string) error {
	if target == "" {
		return fmt.Errorf("linking %q: empty target: %w", p, fs.ErrInvalid)
	}
	return h.change("linking", p, Attr{}, func(e entry) error {
		if e.exists && e.info.Mode&fs.ModeSymlink == 0 {
			return fmt.Errorf("%s is in its place, remove that first: %w", kindOf(e.info.Mode), fs.ErrExist)
		}
		if err := h.keepOriginal(p, e); err != nil {
			return err
		}
		if err := e.clearTemp(); err != nil {
			return err
		}
		if err := unix.Symlinkat(target, e.folder, e.temp()); err != nil {
			return err
		}
		if err := unix.Renameat(e.folder, e.temp(), e.folder, e.name); err != nil {
			return errors.Join(err, e.clearTemp())
		}
		return unix.Fsync(e.folder)
	})
}

// Remove implements FileWriter.
func (h *OS) Remove(p string) error {
	err := h.change("removing", p, Attr{}, func(e entry) error {
		if !e.exists {
			return nil
		}
		if err := h.keepOriginal(p, e); err != nil {
			return err
		}
		flags := 0
		if e.info.Mode.IsDir() {
			flags = unix.AT_REMOVEDIR
		}
		if err := unix.Unlinkat(e.folder, e.name, flags); err != nil {
			return err
		}
		return unix.Fsync(e.folder)
	})
	// Without its folder the path is not there either.
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) {
		return nil
	}
	return err
}
