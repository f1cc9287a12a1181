package host

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// opener opens a path below the folder root as if root were "/": absolute
// links and ".." stay inside. flags are those of open(2); O_NOFOLLOW is about
// the last part only. None creates files.
type opener func(root int, p string, flags int) (int, error)

// chooseOpener takes openat2(2) where the kernel has it (5.6) and no seccomp
// filter forbids it, which container runtimes do with ENOSYS or EPERM.
func chooseOpener(root int) opener {
	fd, err := openInRoot(root, "/", unix.O_PATH)
	if err != nil {
		return openByParts
	}
	_ = unix.Close(fd)
	return openInRoot
}

// resolveTries is how often a lookup is repeated that raced with a rename.
const resolveTries = 32

func openInRoot(root int, p string, flags int) (int, error) {
	how := unix.OpenHow{
		Flags: uint64(flags | unix.O_CLOEXEC),
		// Links of /proc/PID lead out of the root; nothing that hostler manages uses them.
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	}
	for try := 0; ; try++ {
		fd, err := unix.Openat2(root, p, &how)
		retry := errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR)
		if !retry || try == resolveTries {
			return fd, err
		}
	}
}

// openByParts is openInRoot for kernels without openat2: it walks the path one
// folder at a time and follows links itself, so that none leads out.
func openByParts(root int, p string, flags int) (int, error) {
	start, err := unix.Openat(root, ".", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	w := walk{trail: []int{start}, parts: split(p)}
	defer w.close()
	for len(w.parts) > 0 {
		part, rest := w.parts[0], w.parts[1:]
		last := len(rest) == 0
		w.parts = rest
		if part == ".." {
			w.up()
			continue
		}
		if last && flags&unix.O_NOFOLLOW != 0 {
			return unix.Openat(w.here(), part, flags|unix.O_CLOEXEC, 0)
		}
		if err := w.step(part); err != nil {
			return -1, err
		}
	}
	return w.reopen(flags)
}

// walk is a lookup on its way.
type walk struct {
	trail []int    // descriptors of the folders from the root to here
	parts []string // what is still to go
	links int
}

func split(p string) []string {
	return strings.FieldsFunc(p, func(r rune) bool { return r == '/' })
}

func (w *walk) here() int { return w.trail[len(w.trail)-1] }

func (w *walk) close() {
	for _, fd := range w.trail {
		_ = unix.Close(fd)
	}
}

// up goes to the parent; that of the root is the root.
func (w *walk) up() {
	if len(w.trail) > 1 {
		_ = unix.Close(w.here())
		w.trail = w.trail[:len(w.trail)-1]
	}
}

// step goes to one part, or takes the parts of the link that it is.
func (w *walk) step(part string) error {
	fd, err := unix.Openat(w.here(), part, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		_ = unix.Close(fd)
		return err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFLNK {
		w.trail = append(w.trail, fd)
		return nil
	}
	defer func() { _ = unix.Close(fd) }()
	return w.follow(fd)
}

// maxLinks is how many links Linux follows in one lookup (path_resolution(7)).
const maxLinks = 40

func (w *walk) follow(link int) error {
	if w.links++; w.links > maxLinks {
		return unix.ELOOP
	}
	target, err := readlinkFd(link)
	if err != nil {
		return err
	}
	if target == "" {
		return unix.ENOENT
	}
	if path.IsAbs(target) {
		for len(w.trail) > 1 {
			w.up()
		}
	}
	w.parts = append(split(target), w.parts...)
	return nil
}

// reopen opens where the walk arrived with the caller's flags. Only /proc can
// turn an O_PATH descriptor into one to read or write with.
func (w *walk) reopen(flags int) (int, error) {
	flags |= unix.O_CLOEXEC
	var st unix.Stat_t
	if err := unix.Fstat(w.here(), &st); err != nil {
		return -1, err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return unix.Openat(w.here(), ".", flags, 0)
	}
	if flags&unix.O_DIRECTORY != 0 {
		return -1, unix.ENOTDIR
	}
	return unix.Open(procPath(w.here()), flags&^unix.O_NOFOLLOW, 0)
}

// procPath names an open descriptor by path, for calls that want one.
func procPath(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }

// readlinkFd reads the link that an O_PATH|O_NOFOLLOW descriptor stands for.
func readlinkFd(fd int) (string, error) {
	buf := make([]byte, unix.PathMax)
	n, err := unix.Readlinkat(fd, "", buf)
	if err != nil {
		return "", err
	}
	return string(buf[:n]), nil
}
