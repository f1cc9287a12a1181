package repositories

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/distros/pkgmgr/repository"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// Spec is the repositories that a host should have.
type Spec struct {
	Manager      distros.PackageManager
	Dirs         repository.Dirs
	Repositories []repository.Spec
	// LockTimeout bounds the wait for another package manager; zero is
	// pkgmgr.DefaultLockTimeout.
	LockTimeout time.Duration
}

// Step is the step "repositories".
type Step struct{ Spec Spec }

// New returns the step, or what is wrong with the wish.
func New(spec Spec) (Step, error) {
	if _, err := pkgmgr.For(spec.Manager); err != nil {
		return Step{}, err
	}
	var problems []error
	seen := map[string]bool{}
	for _, r := range spec.Repositories {
		if want := pkgmgr.RepositoryFormat(spec.Manager); r.Format != want {
			problems = append(problems, fmt.Errorf("repository %q: %s does not read repositories of this format", r.Name, spec.Manager))
		}
		problems = append(problems, r.Validate())
		if seen[r.Name] {
			problems = append(problems, fmt.Errorf("repository %q: two have this name", r.Name))
		}
		seen[r.Name] = true
	}
	return Step{Spec: spec}, errors.Join(problems...)
}

// Name is "repositories".
func (s Step) Name() string { return "repositories" }

// Plan asks for keys and sources that differ, and for trust that is missing, then for
// lists that are missing or were fetched from what changes.
func (s Step) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	lists, err := pkgmgr.ListNames(v)
	if err != nil {
		return nil, err
	}
	var ops, refreshes []steps.Op
	var problems []error
	for _, r := range s.Spec.Repositories {
		problems = append(problems, checkKeyFile(v, r))
		files, err := s.planFiles(v, r)
		if err != nil {
			problems = append(problems, fmt.Errorf("repository %s: %w", r.Name, err))
			continue
		}
		ops = append(ops, files...)
		trust, err := s.planTrust(ctx, v, r)
		if err != nil {
			problems = append(problems, fmt.Errorf("repository %s: %w", r.Name, err))
		} else if trust != nil && !planned(ops, trust) {
			ops = append(ops, trust)
		}
		if why := staleness(r, len(files) > 0, lists); why != "" && v.Live() {
			refreshes = append(refreshes, pkgmgr.Refresh{
				Manager: s.Spec.Manager, Name: r.Name, Source: r.SourcePath(s.Spec.Dirs), Lists: r.Lists(),
				Why: why, LockTimeout: s.Spec.LockTimeout,
			})
		}
	}
	return append(ops, refreshes...), errors.Join(problems...)
}

// staleness says why the lists of a repository must be fetched.
func staleness(r repository.Spec, changes bool, lists []string) string {
	switch {
	case !r.Lists().Fetched(lists):
		return "its lists have not been fetched"
	case changes:
		return "its description changes"
	default:
		return ""
	}
}

// planFiles compares key and source. The key comes first, so that there is no
// moment with a source that apt must refuse.
func (s Step) planFiles(v host.View, r repository.Spec) ([]steps.Op, error) {
	wishes := []op.FileWish{{Path: r.SourcePath(s.Spec.Dirs), Content: r.SourceContent(s.Spec.Dirs), Attr: host.Attr{Mode: 0o644}}}
	key, err := r.KeyContent(s.Spec.Dirs)
	if err != nil {
		return nil, err
	}
	if key != nil {
		// apt reads keys as its own user, so all may read them.
		wishes = append([]op.FileWish{{Path: r.KeyPath(s.Spec.Dirs), Content: key, Attr: host.Attr{Mode: 0o644}}}, wishes...)
	}
	var ops []steps.Op
	for _, wish := range wishes {
		missing, err := op.PlanFile(v, wish)
		if err != nil {
			return nil, err
		}
		if missing != nil {
			ops = append(ops, missing)
		}
	}
	return ops, nil
}

// planTrust compares the key of a repository of rpms with those that rpm trusts. An image
// has no rpm to ask: there the package manager trusts the key when it first needs it.
func (s Step) planTrust(ctx context.Context, v host.View, r repository.Spec) (steps.Op, error) {
	if r.Format != repository.RPM || !v.Live() {
		return nil, nil
	}
	key := r.Key
	if r.KeyFile != "" {
		var err error
		if key, err = v.ReadFile(r.KeyFile); errors.Is(err, fs.ErrNotExist) {
			return nil, nil // checkKeyFile says so
		} else if err != nil {
			return nil, fmt.Errorf("reading its key: %w", err)
		}
	}
	return pkgmgr.PlanKey(ctx, v, pkgmgr.ImportKey{Manager: s.Spec.Manager, Path: r.KeyPath(s.Spec.Dirs), LockTimeout: s.Spec.LockTimeout}, key)
}

// planned tells whether an op is there already, as for a key that several repositories share.
func planned(ops []steps.Op, o steps.Op) bool {
	return slices.ContainsFunc(ops, func(p steps.Op) bool { return p.Key() == o.Key() })
}

// checkKeyFile looks for a key that the wish names instead of holding it. apt
// refuses a source without its key. An image may get its keys when it becomes a
// machine, so there a person is only told.
func checkKeyFile(v host.View, r repository.Spec) error {
	if r.KeyFile == "" {
		return nil
	}
	_, err := v.Stat(r.KeyFile)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist) && !v.Live():
		return steps.Warning("repository %s: its key file %s is not in the image, and apt refuses the repository without it", r.Name, r.KeyFile)
	default:
		return fmt.Errorf("repository %s: its key file: %w; put the key there, or write it into the NodeGroup", r.Name, err)
	}
}
