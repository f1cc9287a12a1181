package users

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/hostler-dev/hostler/steps/host"
)

const (
	passwdFile = "/etc/passwd"
	groupFile  = "/etc/group"
)

// account is a line of passwd(5).
type account struct {
	name, home, shell string
	uid, gid          int
}

// accounts reads passwd(5). Lines that are no accounts (NIS has such) are left out.
func accounts(v host.Files) ([]account, error) {
	content, err := v.ReadFile(passwdFile)
	if err != nil {
		return nil, err
	}
	var list []account
	for line := range strings.Lines(string(content)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		if len(fields) != 7 {
			continue
		}
		uid, errUID := strconv.Atoi(fields[2])
		gid, errGID := strconv.Atoi(fields[3])
		if errUID == nil && errGID == nil {
			list = append(list, account{name: fields[0], uid: uid, gid: gid, home: fields[5], shell: fields[6]})
		}
	}
	return list, nil
}

// find returns the account of a name; ok is false where there is none.
func find(v host.Files, name string) (account, bool, error) {
	list, err := accounts(v)
	if err != nil {
		return account{}, false, err
	}
	at := slices.IndexFunc(list, func(a account) bool { return a.name == name })
	if at < 0 {
		return account{}, false, nil
	}
	return list[at], true, nil
}

// mustFind is find for an account that has to be there.
func mustFind(v host.Files, name string) (account, error) {
	found, ok, err := find(v, name)
	if err == nil && !ok {
		err = fmt.Errorf("there is no account %q in %s: %w", name, passwdFile, fs.ErrNotExist)
	}
	return found, err
}

// groups reads group(5): the members of each group.
func groups(v host.Files) (map[string][]string, error) {
	content, err := v.ReadFile(groupFile)
	if err != nil {
		return nil, err
	}
	members := map[string][]string{}
	for line := range strings.Lines(string(content)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		if len(fields) == 4 {
			members[fields[0]] = strings.FieldsFunc(fields[3], func(r rune) bool { return r == ',' })
		}
	}
	return members, nil
}

// edit changes lines of a database in place of a tool. A file that is not there, or
// that stays the same, is not written.
func edit(h host.Host, name string, change func(line string) string) error {
	content, err := h.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var b strings.Builder
	for line := range strings.Lines(string(content)) {
		b.WriteString(change(line))
	}
	if b.String() == string(content) {
		return nil
	}
	info, err := h.Lstat(name)
	if err != nil {
		return err
	}
	return h.WriteFile(name, []byte(b.String()), info.Attr())
}

// without drops the lines of a name.
func without(name string) func(string) string {
	return func(line string) string {
		if strings.HasPrefix(line, name+":") {
			return ""
		}
		return line
	}
}

// withoutMember takes a name out of the members of groups, which are the last field
// of group(5) and gshadow(5).
func withoutMember(name string, of []string) func(string) string {
	return func(line string) string {
		group, _, _ := strings.Cut(line, ":")
		if !slices.Contains(of, group) {
			return line
		}
		text, newline := strings.CutSuffix(line, "\n")
		at := strings.LastIndex(text, ":") + 1
		members := slices.DeleteFunc(strings.Split(text[at:], ","), func(m string) bool { return m == name })
		text = text[:at] + strings.Join(members, ",")
		if newline {
			text += "\n"
		}
		return text
	}
}

// withShell gives an account a shell, the last field of passwd(5).
func withShell(name, shell string) func(string) string {
	return func(line string) string {
		text, newline := strings.CutSuffix(line, "\n")
		if !strings.HasPrefix(line, name+":") || strings.Count(text, ":") != 6 {
			return line
		}
		text = text[:strings.LastIndex(text, ":")+1] + shell
		if newline {
			text += "\n"
		}
		return text
	}
}
