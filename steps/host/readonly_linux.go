package host

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// protectMounts makes every mount of the calling thread's namespace read-only at
// once, or one after the other where the kernel cannot (mount_setattr(2) came with
// Linux 5.12; a seccomp filter of a container may forbid it as well).
func protectMounts() error {
	err := unix.MountSetattr(-1, "/", unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		return protectEachMount()
	}
	return err
}

// protectEachMount is protectMounts for older kernels.
func protectEachMount() error {
	table, err := os.ReadFile("/proc/thread-self/mountinfo")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(table)) {
		m, err := parseMount(line)
		if err != nil {
			return err
		}
		err = unix.Mount("", m.point, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY|m.flags, "")
		// What lies hidden below another mount cannot be reached by a script either.
		if err != nil && !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.EINVAL) {
			return fmt.Errorf("%s: %w", m.point, err)
		}
	}
	return nil
}

// mount is a line of /proc/PID/mountinfo (proc(5)): its fifth field is the place,
// its sixth are the options of the mount itself.
type mount struct {
	point string
	flags uintptr
}

// mountFlags are the options that a remount takes away unless it names them.
var mountFlags = map[string]uintptr{
	"nosuid": unix.MS_NOSUID, "nodev": unix.MS_NODEV, "noexec": unix.MS_NOEXEC,
	"noatime": unix.MS_NOATIME, "nodiratime": unix.MS_NODIRATIME, "relatime": unix.MS_RELATIME,
}

func parseMount(line string) (mount, error) {
	fields := strings.Fields(line)
	if len(fields) < 6 {
		return mount{}, fmt.Errorf("mountinfo has the line %q", line)
	}
	m := mount{point: unescapeMount(fields[4])}
	for option := range strings.SplitSeq(fields[5], ",") {
		m.flags |= mountFlags[option]
	}
	return m, nil
}

// unescapeMount reads blanks, tabs, line breaks and backslashes, which the kernel
// writes as a backslash and three octal digits.
func unescapeMount(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+3 < len(text) {
			if code, err := strconv.ParseUint(text[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(code))
				i += 3
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
