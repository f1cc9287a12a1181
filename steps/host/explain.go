package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// waysOut says what a person can do about an error of the file system.
var waysOut = map[unix.Errno]string{
	unix.ENOSPC:  "make room on its file system (df -h, df -i), then run again",
	unix.EDQUOT:  "make room in the quota, then run again",
	unix.EROFS:   "its file system is mounted read-only; find out why (dmesg), then mount -o remount,rw",
	unix.EIO:     "the disk fails; see dmesg",
	unix.ELOOP:   "its symbolic links go in a circle or are too many; see namei -l",
	unix.ETXTBSY: "a process runs this very file; stop it first",
}

// pathError is an error about a path with the way out. Unlike fs.PathError it
// names the act in words and says what to do.
type pathError struct {
	act, path, hint string
	err             error
}

func (e *pathError) Error() string {
	msg := fmt.Sprintf("%s %q: %v", e.act, e.path, e.err)
	if e.hint != "" {
		msg += "; " + e.hint
	}
	return msg
}

func (e *pathError) Unwrap() error { return e.err }

// Explain does for files that a caller opened by itself what methods of OS do
// for theirs: the error names the act, the path and the way out.
func Explain(act, p string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err // it would say the path once more
	}
	return explain(act, p, err)
}

// explain names the act and the path of an error, and the way out where there
// is one and no inner error has said it. Rights that the process lacks are
// fs.ErrPermission.
func explain(act, p string, err error) error {
	explained := &pathError{act: act, path: p, err: err}
	var inner *pathError
	if !errors.As(err, &inner) || inner.hint == "" {
		explained.hint = wayOut(err)
	}
	return explained
}

func wayOut(err error) string {
	if errors.Is(err, os.ErrPermission) {
		if os.Geteuid() != 0 {
			return "root rights are needed"
		}
		return "root may not either: look for the immutable attribute (lsattr; chattr -i), a security module or a sandbox"
	}
	var errno unix.Errno
	if errors.As(err, &errno) {
		return waysOut[errno]
	}
	return ""
}
