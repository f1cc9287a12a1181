package pkgmgr

import (
	"context"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr/repository"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Refresh fetches the lists of a repository, or of all.
type Refresh struct {
	Manager distros.PackageManager `json:"manager"`
	// Name is the repository's, empty for all.
	Name string `json:"name,omitempty"`
	// Source is the file that describes the one repository.
	Source string `json:"source,omitempty"`
	// Lists are the files that its lists are kept in.
	Lists repository.Lists `json:"lists,omitzero"`
	// Why says what needs the lists.
	Why         string        `json:"why,omitempty"`
	LockTimeout time.Duration `json:"lockTimeout,omitempty"`
}

// Key is "package-lists:" and the repository.
func (o Refresh) Key() string {
	if o.Name == "" {
		return listsKey + "all"
	}
	return listsKey + o.Name
}

const listsKey = "package-lists:"

// Impact is None.
func (o Refresh) Impact() steps.Impact { return steps.None }

// Diff gives the reason.
func (o Refresh) Diff() steps.Diff {
	diff := steps.Diff{Action: "refresh"}
	if o.Why != "" {
		diff.Notes = []string{o.Why}
	}
	return diff
}

// Inverse drops the lists that the refresh brings. Lists that were there stay
// as they are then: they are a copy of what others publish.
func (o Refresh) Inverse(_ context.Context, v host.View) (steps.Op, error) {
	names, err := ListNames(v)
	if err != nil {
		return nil, err
	}
	return DropLists{Name: o.Name, Lists: o.Lists, Keep: names}, nil
}

// Do takes the lists that were fetched ahead, or else fetches.
func (o Refresh) Do(ctx context.Context, h host.Host) error {
	m, err := For(o.Manager)
	if err != nil {
		return err
	}
	ahead, err := o.usable(h)
	if err != nil {
		return o.explain(err)
	}
	err = withLocks(ctx, h, m.listLocks(), o.LockTimeout, func() error {
		if len(ahead) > 0 {
			return o.putInPlace(ctx, h, ahead)
		}
		return m.refresh(ctx, h, o.Source)
	})
	if err != nil {
		return o.explain(err)
	}
	if len(ahead) > 0 {
		return o.dropStaged(ctx, h)
	}
	return nil
}

func (o Refresh) explain(err error) error {
	if o.Name != "" {
		return fmt.Errorf("refreshing repository %s: %w", o.Name, err)
	}
	return fmt.Errorf("refreshing the repositories: %w", err)
}

// DropLists removes the fetched lists of a repository, or of all, but for those
// to keep. It is the inverse of Refresh.
type DropLists struct {
	Name  string           `json:"name,omitempty"`
	Lists repository.Lists `json:"lists,omitzero"`
	// Keep are the names of files that were there before.
	Keep []string `json:"keep,omitempty"`
}

// Key is that of Refresh.
func (o DropLists) Key() string { return Refresh{Name: o.Name}.Key() }

// Impact is None.
func (o DropLists) Impact() steps.Impact { return steps.None }

// Diff says that they go.
func (o DropLists) Diff() steps.Diff {
	return steps.Diff{Action: "drop", Notes: []string{"lists that were there before stay as they are"}}
}

// Inverse leaves all that is there: whoever needs lists that are missing
// fetches them.
func (o DropLists) Inverse(_ context.Context, v host.View) (steps.Op, error) {
	names, err := ListNames(v)
	if err != nil {
		return nil, err
	}
	return DropLists{Name: o.Name, Lists: o.Lists, Keep: names}, nil
}

// Do removes the files.
func (o DropLists) Do(ctx context.Context, h host.Host) error {
	names, err := ListNames(h)
	if err != nil {
		return err
	}
	for _, name := range names {
		own := o.Name == "" || o.Lists.Own(name)
		if !own || slices.Contains(o.Keep, name) {
			continue
		}
		remove := func() error { return h.Remove(path.Join(repository.ListsDir, name)) }
		if path.IsAbs(name) {
			remove = func() error { return dropCache(ctx, h, name) }
		}
		if err := remove(); err != nil {
			return err
		}
	}
	return nil
}
