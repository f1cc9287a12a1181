package pkgmgr

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/hostler-dev/hostler/distros/pkgmgr/repository"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// stagedFor is how long lists that were fetched ahead are good. A node may wait for
// a window; but lists of last week name versions that are no more.
const stagedFor = 24 * time.Hour

// stampName is the file beside staged lists that says what they are of.
const stampName = "hostler-stamp"

// Prefetch fetches the lists as they will be wanted when the ops before have run,
// and keeps them beside apt's until Do.
func (o Refresh) Prefetch(ctx context.Context, h host.Host, plan []steps.Op) error {
	m, err := For(o.Manager)
	if err != nil || !foresees(m) || o.Name != "" && o.Lists.Prefix == "" { // it does not say which lists are its own
		return err
	}
	plan = before(plan, o)
	private, err := openPrivate(ctx, h, plan)
	if err != nil {
		return err
	}
	err = o.stage(ctx, private, m, plan)
	return errors.Join(err, private.close(ctx))
}

func (o Refresh) stage(ctx context.Context, private privateApt, m Manager, plan []steps.Op) error {
	// What has not changed since is not fetched again.
	present, err := listsIn(private, repository.ListsDir, o.own)
	if err != nil {
		return err
	}
	if err := private.seed(ctx, repository.ListsDir, present); err != nil {
		return err
	}
	source := o.Source
	if source != "" {
		source = privateSource(source)
	}
	if err := m.refresh(ctx, private, source); err != nil {
		return o.explain(err)
	}
	fetched, err := listsIn(private, privateLists, o.own)
	if err != nil {
		return err
	}
	stamp, err := o.stamp(private, plan)
	if err != nil {
		return err
	}
	if err := o.dropStaged(ctx, private.Host); err != nil || len(fetched) == 0 {
		return err
	}
	if err := tidy(ctx, private.Host, nil, "install", "-d", "-m", "0755", stagedDir, o.staged()); err != nil {
		return err
	}
	argv := append([]string{"mv", "-f", "-t", o.staged(), "--"}, inFolder(privateLists, fetched)...)
	if err := tidy(ctx, private.Host, nil, argv...); err != nil {
		return err
	}
	// The stamp comes last: without it the lists are nothing.
	text := time.Now().UTC().Format(time.RFC3339) + "\n" + stamp
	return place(ctx, private.Host, path.Join(o.staged(), stampName), []byte(text), 0o600)
}

// own tells whether a list is one that the refresh brings.
func (o Refresh) own(name string) bool {
	return name != stampName && (o.Name == "" || o.Lists.Own(name))
}

// staged is the folder of the lists that were fetched ahead.
func (o Refresh) staged() string {
	return path.Join(stagedDir, strings.TrimPrefix(o.Key(), listsKey))
}

// stamp tells what lists are of: the wish, and how the repositories are described.
func (o Refresh) stamp(v host.View, plan []steps.Op) (string, error) {
	sources, err := plannedSources(v, plan)
	if err != nil {
		return "", err
	}
	stamp := fmt.Sprintf("%s: %s\n", o.Key(), o.Why)
	for _, source := range sources {
		if o.Source == "" || o.Source == source.path {
			stamp += source.path + "\n" + source.content + "\n"
		}
	}
	return stamp, nil
}

// usable returns the lists that were fetched ahead for exactly this, not long ago.
func (o Refresh) usable(v host.View) ([]string, error) {
	text, err := v.ReadFile(path.Join(o.staged(), stampName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	when, of, _ := strings.Cut(string(text), "\n")
	fetched, err := time.Parse(time.RFC3339, when)
	if err != nil || time.Since(fetched).Abs() > stagedFor {
		return nil, nil //nolint:nilerr // a stamp that cannot be read is none
	}
	now, err := o.stamp(v, nil)
	if err != nil || now != of {
		return nil, err
	}
	return listsIn(v, o.staged(), o.own)
}

// putInPlace gives apt the lists, each at once, by the folder in which it has what
// it is fetching. It may be cut short and repeated.
func (o Refresh) putInPlace(ctx context.Context, h host.Host, names []string) error {
	partial := path.Join(repository.ListsDir, "partial")
	for _, argv := range [][]string{
		{"install", "-d", partial},
		append([]string{"cp", "-p", "--reflink=auto", "-t", partial, "--"}, inFolder(o.staged(), names)...),
		append([]string{"mv", "-f", "-t", repository.ListsDir, "--"}, inFolder(partial, names)...),
	} {
		if err := tidy(ctx, h, nil, argv...); err != nil {
			return err
		}
	}
	return nil
}

func (o Refresh) dropStaged(ctx context.Context, h host.Host) error {
	return tidy(ctx, h, nil, "rm", "-rf", "--", o.staged())
}

// before are the ops of a plan that come before one.
func before(plan []steps.Op, o steps.Op) []steps.Op {
	for i, planned := range plan {
		if planned.Key() == o.Key() {
			return plan[:i]
		}
	}
	return plan
}
