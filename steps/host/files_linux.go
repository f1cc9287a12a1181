package host

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// checkPath holds callers to clean absolute paths, so that one file has one name.
func checkPath(act, p string) error {
	if !path.IsAbs(p) || path.Clean(p) != p {
		return fmt.Errorf("%s %q: want a clean absolute path: %w", act, p, fs.ErrInvalid)
	}
	return nil
}

// openPath opens a path for reading about it.
func (h *OS) openPath(act, p string, flags int) (int, error) {
	if err := checkPath(act, p); err != nil {
		return -1, err
	}
	fd, err := h.open(h.root, p, flags)
	if err != nil {
		return -1, explain(act, p, err)
	}
	return fd, nil
}

// ReadFile implements Files.
func (h *OS) ReadFile(p string) ([]byte, error) {
	file, err := h.openRegular("reading", p, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	content, err := readWhole(file)
	if err != nil {
		return nil, explain("reading", p, err)
	}
	return content, nil
}

// readWhole takes the size for a good guess and no more: files below /proc and
// /sys say 0 or a page, and others may grow.
func readWhole(file *os.File) ([]byte, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	var content bytes.Buffer
	content.Grow(int(info.Size()) + bytes.MinRead) // room to see the end without growing
	_, err = content.ReadFrom(file)
	return content.Bytes(), err
}

// openRegular opens a regular file for reading. It looks before it opens,
// because opening a device or a pipe may do things.
func (h *OS) openRegular(act, p string, flags int) (*os.File, error) {
	info, err := h.stat(act, p, flags&unix.O_NOFOLLOW)
	if err != nil {
		return nil, err
	}
	if !info.Mode.IsRegular() {
		return nil, fmt.Errorf("%s %q: %w but %s", act, p, ErrNotRegular, kindOf(info.Mode))
	}
	fd, err := h.openPath(act, p, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|flags)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), p), nil
}

// Lstat implements Files.
func (h *OS) Lstat(p string) (Info, error) { return h.stat("looking at", p, unix.O_NOFOLLOW) }

// Stat implements Files.
func (h *OS) Stat(p string) (Info, error) { return h.stat("looking at", p, 0) }

func (h *OS) stat(act, p string, flags int) (Info, error) {
	fd, err := h.openPath(act, p, unix.O_PATH|flags)
	if err != nil {
		return Info{}, err
	}
	defer func() { _ = unix.Close(fd) }()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return Info{}, explain(act, p, err)
	}
	return infoOf(&st), nil
}

// Readlink implements Files.
func (h *OS) Readlink(p string) (string, error) {
	fd, err := h.openPath("reading link", p, unix.O_PATH|unix.O_NOFOLLOW)
	if err != nil {
		return "", err
	}
	defer func() { _ = unix.Close(fd) }()
	target, err := readlinkFd(fd)
	if errors.Is(err, unix.ENOENT) { // readlinkat(2) of a descriptor that is no link
		err = unix.EINVAL
	}
	if err != nil {
		return "", explain("reading link", p, err)
	}
	return target, nil
}

// ReadDir implements Files.
func (h *OS) ReadDir(p string) ([]string, error) {
	fd, err := h.openPath("reading folder", p, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	folder := os.NewFile(uintptr(fd), p)
	defer func() { _ = folder.Close() }()
	names, err := folder.Readdirnames(-1)
	if err != nil {
		return nil, explain("reading folder", p, err)
	}
	slices.Sort(names)
	return names, nil
}

func infoOf(st *unix.Stat_t) Info {
	return Info{
		Mode:    modeOf(st.Mode),
		UID:     int(st.Uid),
		GID:     int(st.Gid),
		Size:    st.Size,
		ModTime: time.Unix(st.Mtim.Unix()),
	}
}

// modeTypes pairs the kernel's file types with Go's.
var modeTypes = map[uint32]fs.FileMode{
	unix.S_IFDIR:  fs.ModeDir,
	unix.S_IFLNK:  fs.ModeSymlink,
	unix.S_IFIFO:  fs.ModeNamedPipe,
	unix.S_IFSOCK: fs.ModeSocket,
	unix.S_IFBLK:  fs.ModeDevice,
	unix.S_IFCHR:  fs.ModeDevice | fs.ModeCharDevice,
}

// modeFlags pairs the kernel's three upper mode bits with Go's.
var modeFlags = map[uint32]fs.FileMode{
	unix.S_ISUID: fs.ModeSetuid,
	unix.S_ISGID: fs.ModeSetgid,
	unix.S_ISVTX: fs.ModeSticky,
}

func modeOf(raw uint32) fs.FileMode {
	mode := fs.FileMode(raw&0o777) | modeTypes[raw&unix.S_IFMT]
	for bit, flag := range modeFlags {
		if raw&bit != 0 {
			mode |= flag
		}
	}
	return mode
}

func rawMode(mode fs.FileMode) uint32 {
	raw := uint32(mode.Perm())
	for bit, flag := range modeFlags {
		if mode&flag != 0 {
			raw |= bit
		}
	}
	return raw
}

// kindOf names a type of file for people.
func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode.IsRegular():
		return "a file"
	}
	return "a device, pipe or socket"
}
