package users

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// Account makes an account, or gives one that is there groups and a shell.
type Account struct {
	Name string `json:"name"`
	// Home is set for an account that is made.
	Home string `json:"home,omitempty"`
	UID  *int   `json:"uid,omitempty"`
	// Groups are those that are missing.
	Groups []string `json:"groups,omitempty"`
	// Shell is empty where it stays.
	Shell string `json:"shell,omitempty"`
}

// Kinds are the ops of this package by their names in journals.
func Kinds() map[string]steps.Op {
	return map[string]steps.Op{"account": Account{}, "former-account": Former{}, "ssh-folder": SSHFolder{}, "authorized-keys": AuthorizedKeys{}}
}

// Key is "user:" and the name.
func (o Account) Key() string { return "user:" + o.Name }

// Impact is None.
func (o Account) Impact() steps.Impact { return steps.None }

// Diff says what the account gets.
func (o Account) Diff() steps.Diff {
	var parts []string
	if o.UID != nil {
		parts = append(parts, "uid "+strconv.Itoa(*o.UID))
	}
	if len(o.Groups) > 0 {
		parts = append(parts, "groups "+strings.Join(o.Groups, ", "))
	}
	if o.Shell != "" {
		parts = append(parts, "shell "+o.Shell)
	}
	diff := steps.Diff{Action: "update", To: strings.Join(parts, "; ")}
	if o.Home != "" {
		diff.Action = "create"
		diff.Notes = []string{"an undo keeps what somebody puts into " + o.Home}
	}
	return diff
}

// backups are what the tools leave beside the files that they write.
var backups = []string{"/etc/passwd-", "/etc/shadow-", "/etc/group-", "/etc/gshadow-", "/etc/subuid-", "/etc/subgid-"}

// mailboxes are where useradd may make an empty one.
var mailboxes = []string{"/var/mail/", "/var/spool/mail/"}

// Inverse describes the account as it is now.
func (o Account) Inverse(ctx context.Context, v host.View) (steps.Op, error) {
	now, existed, err := find(v, o.Name)
	if err != nil {
		return nil, err
	}
	members, err := groups(v)
	if err != nil {
		return nil, err
	}
	former := Former{Name: o.Name, Existed: existed, Shell: now.shell}
	_, former.HadGroup = members[o.Name]
	for _, group := range o.Groups {
		if !slices.Contains(members[group], o.Name) {
			former.NotIn = append(former.NotIn, group)
		}
	}
	for _, name := range backups {
		back, err := op.File{Path: name}.Inverse(ctx, v)
		if err != nil {
			return nil, err
		}
		switch back := back.(type) {
		case op.Restore:
			former.Backups = append(former.Backups, back)
		case op.Remove:
			former.NoBackups = append(former.NoBackups, back)
		}
	}
	if !existed {
		former.Made, err = missing(v, append([]string{o.Home}, prefixed(mailboxes, o.Name)...))
	}
	return former, err
}

// missing lists those paths that are not there.
func missing(v host.Files, names []string) ([]string, error) {
	var absent []string
	for _, name := range names {
		if _, err := v.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			absent = append(absent, name)
		} else if err != nil {
			return nil, err
		}
	}
	return absent, nil
}

func prefixed(folders []string, name string) []string {
	var list []string
	for _, folder := range folders {
		list = append(list, folder+name)
	}
	return list
}

// Do runs useradd or usermod. An account that is there already was made by a run that
// was cut short, perhaps before its home.
func (o Account) Do(ctx context.Context, h host.Host) error {
	for _, name := range backups {
		if _, err := h.Keep(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	found, exists, err := find(h, o.Name)
	if err != nil {
		return err
	}
	argv := []string{"useradd", "-m", "-d", o.Home, "-p", "*"}
	if exists {
		argv = []string{"usermod"}
	} else if o.UID != nil {
		argv = append(argv, "-u", strconv.Itoa(*o.UID))
	}
	if o.Shell != "" {
		argv = append(argv, "-s", o.Shell)
	}
	if len(o.Groups) > 0 && exists {
		argv = append(argv, "-a")
	}
	if len(o.Groups) > 0 {
		argv = append(argv, "-G", strings.Join(o.Groups, ","))
	}
	if !exists || len(argv) > 1 {
		if _, err := h.Run(ctx, host.Command{Argv: append(argv, o.Name)}); err != nil {
			return err
		}
	}
	if !exists || o.Home == "" {
		return nil
	}
	if _, err := h.Stat(found.home); errors.Is(err, fs.ErrNotExist) {
		return h.Mkdir(found.home, host.Attr{Mode: 0o700, UID: found.uid, GID: found.gid})
	}
	return nil
}
