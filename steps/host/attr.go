package host

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"
)

// SetAttr implements FileWriter.
func (h *OS) SetAttr(p string, attr Attr) error {
	return h.change("setting owner and mode of", p, attr, func(e entry) error {
		switch {
		case !e.exists:
			return fs.ErrNotExist
		case !e.info.Mode.IsRegular() && !e.info.Mode.IsDir():
			return fmt.Errorf("%w but %s", ErrNotRegular, kindOf(e.info.Mode))
		case e.info.Attr() == attr:
			return nil
		}
		if err := h.keepOriginal(p, e); err != nil {
			return err
		}
		return e.setAttr(attr)
	})
}

// Mkdir implements FileWriter.
func (h *OS) Mkdir(p string, attr Attr) error {
	return h.change("making folder", p, attr, func(e entry) error {
		switch {
		case e.exists && !e.info.Mode.IsDir():
			return fmt.Errorf("%s is in its place: %w", kindOf(e.info.Mode), fs.ErrExist)
		case e.exists && e.info.Attr() == attr:
			return nil
		}
		if err := h.keepOriginal(p, e); err != nil {
			return err
		}
		return e.makeFolder(attr)
	})
}

// makeFolder makes the entry a folder. A new one is closed to others until it
// has its owner and mode.
func (e entry) makeFolder(attr Attr) error {
	if err := unix.Mkdirat(e.folder, e.name, 0o700); err != nil && !errors.Is(err, unix.EEXIST) {
		return err
	}
	if err := e.setAttr(attr); err != nil {
		return err
	}
	return unix.Fsync(e.folder)
}

// setAttr changes owner and mode of the file or folder that has the name now.
func (e entry) setAttr(attr Attr) error {
	// O_PATH needs no right to read the file, which its owner may not have either.
	fd, err := unix.Openat(e.folder, e.name, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	return setOwnerAndMode(fd, attr)
}

// setOwnerAndMode sets the owner first, since that clears setuid and setgid. An
// owner that is right already is not set, so that it needs no rights.
func setOwnerAndMode(fd int, attr Attr) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	if int(st.Uid) != attr.UID || int(st.Gid) != attr.GID {
		if err := unix.Fchownat(fd, "", attr.UID, attr.GID, unix.AT_EMPTY_PATH|unix.AT_SYMLINK_NOFOLLOW); err != nil {
			return fmt.Errorf("giving it to %d:%d: %w", attr.UID, attr.GID, err)
		}
	}
	// fchmod(2) refuses O_PATH descriptors; their name in /proc serves both kinds.
	if err := unix.Chmod(procPath(fd), rawMode(attr.Mode)); err != nil {
		return fmt.Errorf("setting mode %v: %w", attr.Mode, err)
	}
	return nil
}
