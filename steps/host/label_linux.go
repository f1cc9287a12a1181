package host

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// labelAttribute is where SELinux keeps the label of a file.
const labelAttribute = "security.selinux"

// maxLabel is more than any label has: the policy's names and categories.
const maxLabel = 4096

// keepLabel gives a new file the label of the one that it replaces. Without it the
// kernel derives one from the folder, and nobody can log in any more where /etc/shadow
// is what any file in /etc is.
func (e entry) keepLabel(to int) error {
	if !e.exists {
		return nil
	}
	from, err := unix.Openat(e.folder, e.name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("reading its label: %w", err)
	}
	defer func() { _ = unix.Close(from) }()
	label := make([]byte, maxLabel)
	n, err := unix.Fgetxattr(from, labelAttribute, label)
	if errors.Is(err, unix.ENODATA) || errors.Is(err, unix.ENOTSUP) {
		return nil // no SELinux, or a file system without labels
	}
	if err != nil {
		return fmt.Errorf("reading its label: %w", err)
	}
	if err := unix.Fsetxattr(to, labelAttribute, label[:n], 0); err != nil && !errors.Is(err, unix.ENOTSUP) {
		return fmt.Errorf("giving it the label %q: %w", label[:n], err)
	}
	return nil
}
