package users

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Step keeps the accounts.
type Step struct{ spec Spec }

// New makes the step for a Spec; what is wrong with the Spec is an error of Plan.
func New(spec Spec) Step { return Step{spec} }

// Name is "users".
func (s Step) Name() string { return "users" }

// Plan works on an image as well: the commands run with its root as theirs.
func (s Step) Plan(_ context.Context, v host.View) ([]steps.Op, error) {
	if err := s.spec.Check(); err != nil {
		return nil, err
	}
	if len(s.spec.Users) == 0 {
		return nil, nil
	}
	list, err := accounts(v)
	if err != nil {
		return nil, err
	}
	members, err := groups(v)
	if err != nil {
		return nil, err
	}
	var ops []steps.Op
	var errs []error
	for _, u := range s.spec.Users {
		found, err := plan(v, u, list, members)
		ops = append(ops, found...)
		errs = append(errs, err)
	}
	return ops, errors.Join(errs...)
}

// plan is the plan of one account.
func plan(v host.View, u User, list []account, members map[string][]string) ([]steps.Op, error) {
	change := Account{Name: u.Name}
	at := slices.IndexFunc(list, func(a account) bool { return a.name == u.Name })
	has := at >= 0
	if err := checkUID(u, list); err != nil {
		return nil, err
	}
	if _, taken := members[u.Name]; taken && !has {
		return nil, fmt.Errorf("user %q cannot be made: a new account gets a group of its name, and there is one already: choose another name", u.Name)
	}
	var remark error
	for _, group := range u.Groups {
		now, exists := members[group]
		switch {
		case !exists && group != u.Name:
			remark = errors.Join(remark, steps.Later("user %s is wanted in group %s, which is not there: install the package that brings it, or correct the name", u.Name, group))
		case !slices.Contains(now, u.Name) && group != u.Name: // useradd gives it its own
			change.Groups = append(change.Groups, group)
		}
	}
	if !has || u.Shell != list[at].shell {
		change.Shell = u.Shell
	}
	if !has {
		base, err := homeBase(v)
		if err != nil {
			return nil, err
		}
		change.Home, change.UID = path.Join(base, u.Name), u.UID
	}
	var ops []steps.Op
	if !has || change.Shell != "" || len(change.Groups) > 0 {
		ops = append(ops, change)
	}
	if u.Keys == nil {
		return ops, remark
	}
	keys, err := planKeys(v, u, has)
	if err != nil {
		return nil, fmt.Errorf("user %q: %w", u.Name, err)
	}
	return append(ops, keys...), remark
}

// checkUID refuses a number that the account does not have, or another one has.
func checkUID(u User, list []account) error {
	if u.UID == nil {
		return nil
	}
	for _, a := range list {
		switch {
		case a.name == u.Name && a.uid != *u.UID:
			return fmt.Errorf("user %q has UID %d, not %d, and its files would stay behind with a new one: set uid to %d, or remove the account", u.Name, a.uid, *u.UID, a.uid)
		case a.name != u.Name && a.uid == *u.UID:
			return fmt.Errorf("UID %d of user %q belongs to %q: choose another", *u.UID, u.Name, a.name)
		}
	}
	return nil
}

// homeBase is where useradd makes homes: HOME= in its defaults, /home otherwise.
func homeBase(v host.Files) (string, error) {
	content, err := v.ReadFile("/etc/default/useradd")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	for line := range strings.Lines(string(content)) {
		if value, is := strings.CutPrefix(strings.TrimSpace(line), "HOME="); is && path.IsAbs(value) {
			return value, nil
		}
	}
	return "/home", nil
}
