package users

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// Former is an account as it was: the inverse of Account.
type Former struct {
	Name    string `json:"name"`
	Existed bool   `json:"existed"`
	// HadGroup is whether there was a group of the account's name.
	HadGroup bool `json:"hadGroup"`
	// Shell of an account that existed.
	Shell string `json:"shell,omitempty"`
	// NotIn are the groups that the account was not in.
	NotIn []string `json:"notIn,omitempty"`
	// Made are a home and mailboxes that were not there.
	Made []string `json:"made,omitempty"`
	// Backups are those of the tools that were there, and NoBackups those that were not.
	Backups   []op.Restore `json:"backups,omitempty"`
	NoBackups []op.Remove  `json:"noBackups,omitempty"`
}

// Key is that of the account.
func (o Former) Key() string { return "user:" + o.Name }

// Impact is None.
func (o Former) Impact() steps.Impact { return steps.None }

// Diff says whether the account goes.
func (o Former) Diff() steps.Diff {
	if !o.Existed {
		return steps.Diff{Action: "remove"}
	}
	return steps.Diff{Action: "restore", To: "shell " + o.Shell}
}

// Inverse is not asked for where a run is taken back; a rollback that is itself taken
// back has no need of the account again.
func (o Former) Inverse(_ context.Context, v host.View) (steps.Op, error) {
	now, exists, err := find(v, o.Name)
	if err != nil || exists == o.Existed && now.shell == o.Shell && len(o.NotIn) == 0 {
		return o, err
	}
	again := Account{Name: o.Name, Shell: now.shell, Groups: o.NotIn}
	if !o.Existed {
		again.UID, again.Home = &now.uid, now.home
	}
	return again, nil
}

// Do edits the lines, whatever others did to the files since.
func (o Former) Do(ctx context.Context, h host.Host) error {
	type change struct {
		file string
		line func(string) string
	}
	changes := []change{
		{groupFile, withoutMember(o.Name, o.NotIn)}, {"/etc/gshadow", withoutMember(o.Name, o.NotIn)},
	}
	if o.Existed {
		changes = append(changes, change{passwdFile, withShell(o.Name, o.Shell)})
	} else {
		if err := o.removeMade(h); err != nil {
			return err
		}
		if !o.HadGroup {
			changes = append(changes, change{groupFile, without(o.Name)}, change{"/etc/gshadow", without(o.Name)})
		}
		for _, file := range []string{"/etc/subuid", "/etc/subgid", "/etc/shadow", passwdFile} {
			changes = append(changes, change{file, without(o.Name)})
		}
	}
	for _, c := range changes {
		if err := edit(h, c.file, c.line); err != nil {
			return fmt.Errorf("taking back user %q: %w", o.Name, err)
		}
	}
	for _, backup := range o.Backups {
		if err := backup.Do(ctx, h); err != nil {
			return err
		}
	}
	for _, backup := range o.NoBackups {
		if err := backup.Do(ctx, h); err != nil {
			return err
		}
	}
	return nil
}

// removeMade removes what came with the account and nobody has written to.
func (o Former) removeMade(h host.Host) error {
	for _, name := range o.Made {
		info, err := h.Lstat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return err
		case info.Mode.IsDir():
			_, err = removeLike(h, name, "/etc/skel")
		case info.Mode.IsRegular() && info.Size == 0: // an empty mailbox
			err = h.Remove(name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// removeLike removes a folder as far as it holds what its model holds; gone is
// whether nothing is left of it.
func removeLike(h host.Host, folder, model string) (gone bool, err error) {
	names, err := h.ReadDir(folder)
	if err != nil {
		return false, err
	}
	left := false
	for _, name := range names {
		gone, err := removeEntryLike(h, path.Join(folder, name), path.Join(model, name))
		if err != nil {
			return false, err
		}
		left = left || !gone
	}
	if left {
		return false, nil
	}
	return true, h.Remove(folder)
}

func removeEntryLike(h host.Host, name, model string) (gone bool, err error) {
	info, err := h.Lstat(name)
	if err != nil {
		return false, err
	}
	like, err := h.Lstat(model)
	if errors.Is(err, fs.ErrNotExist) || err == nil && like.Mode.Type() != info.Mode.Type() {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	switch {
	case info.Mode.IsDir():
		return removeLike(h, name, model)
	case info.Mode.IsRegular():
		content, err := h.ReadFile(name)
		if err != nil {
			return false, err
		}
		original, err := h.ReadFile(model)
		if err != nil || !bytes.Equal(content, original) {
			return false, err
		}
		return true, h.Remove(name)
	}
	return false, nil
}
