package files

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// owner is a user and a group as they are written, root for those left out.
type owner struct{ user, group string }

// parseOwner reads "user", "user:group" and ":group", as chown(1) takes them but for
// the group of "user:", which would depend on the host.
func parseOwner(s string) (owner, error) {
	user, group, both := strings.Cut(s, ":")
	if both && group == "" || strings.ContainsAny(s, " \t\n/") || strings.Contains(group, ":") {
		return owner{}, fmt.Errorf("owner %q is not of the form user, user:group or :group", s)
	}
	if user == "" {
		user = "0"
	}
	if group == "" {
		group = "0"
	}
	return owner{user, group}, nil
}

// databases are the host's users and groups, read when they are first asked for.
type databases struct {
	v     host.Files
	lines map[string][]string
}

// attr resolves owner and mode of a file. A name that is not there yet is a Later
// remark, because a package earlier in the run may bring it.
func (d *databases) attr(f File) (host.Attr, error) {
	wanted, err := parseOwner(f.Owner)
	if err != nil {
		return host.Attr{}, err
	}
	uid, errUser := d.id("/etc/passwd", "user", wanted.user)
	gid, errGroup := d.id("/etc/group", "group", wanted.group)
	if err := errors.Join(errUser, errGroup); err != nil {
		return host.Attr{}, err
	}
	return host.Attr{Mode: f.mode(), UID: uid, GID: gid}, nil
}

// id finds the third field of the line with the name; passwd(5) and group(5) agree
// in that.
func (d *databases) id(file, what, name string) (int, error) {
	// 2^32-1 means "leave it as it is" to chown(2), and is nobody's number.
	if id, err := strconv.ParseUint(name, 10, 32); err == nil && id < 1<<32-1 {
		return int(id), nil
	}
	lines, err := d.read(file)
	if err != nil {
		return 0, err
	}
	for _, line := range lines {
		fields := strings.Split(line, ":")
		if len(fields) < 3 || fields[0] != name {
			continue
		}
		id, err := strconv.ParseUint(fields[2], 10, 32)
		if err != nil {
			return 0, fmt.Errorf("%s: the line of %s %q has the number %q: correct it", file, what, name, fields[2])
		}
		return int(id), nil
	}
	// root has this number everywhere, also where an image has no passwd.
	if name == "root" {
		return 0, nil
	}
	return 0, steps.Later("%s %q is not in %s: install the package that makes it, or use a number (users of a directory service are not looked up)", what, name, file)
}

func (d *databases) read(file string) ([]string, error) {
	if lines, done := d.lines[file]; done {
		return lines, nil
	}
	content, err := d.v.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if d.lines == nil {
		d.lines = map[string][]string{}
	}
	d.lines[file] = strings.Split(string(content), "\n")
	return d.lines[file], nil
}
