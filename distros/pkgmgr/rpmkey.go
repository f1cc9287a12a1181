package pkgmgr

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr/repository"
	"github.com/hostler-dev/hostler/distros/pkgmgr/rpm"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// rpm trusts a key for all packages, whichever repository they come from. dnf and yum
// would give it the key of a repository by themselves, at the first installation, and
// nobody would take it away again; so hostler does it, as an op.

// ImportKey makes rpm trust the keys in a file.
type ImportKey struct {
	Manager distros.PackageManager `json:"manager"`
	Path    string                 `json:"path"`
	// Keys are those that rpm does not have yet.
	Keys        []repository.PublicKey `json:"keys"`
	LockTimeout time.Duration          `json:"lockTimeout,omitempty"`
}

// PlanKey returns the import of the keys with this armour, which are or will be at the
// path; nil where rpm has them. A key that rpm has is not compared any further.
func PlanKey(ctx context.Context, v host.View, o ImportKey, armoured []byte) (steps.Op, error) {
	keys, err := repository.PublicKeys(armoured)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.Path, err)
	}
	trusted, err := trustedKeys(ctx, v)
	if err != nil {
		return nil, err
	}
	if o.Keys = without(keys, trusted); len(o.Keys) == 0 {
		return nil, nil
	}
	return o, nil
}

// trustedKeys are rpm's.
func trustedKeys(ctx context.Context, v host.View) ([]rpm.Key, error) {
	inventory, err := rpmInventory(ctx, v)
	return inventory.keys, err
}

// without are the keys that rpm does not have.
func without(keys []repository.PublicKey, trusted []rpm.Key) []repository.PublicKey {
	return slices.DeleteFunc(slices.Clone(keys), func(key repository.PublicKey) bool {
		return slices.ContainsFunc(trusted, func(k rpm.Key) bool { return k.Is(key) })
	})
}

func fingerprints(keys []repository.PublicKey) string {
	list := make([]string, len(keys))
	for i, key := range keys {
		list[i] = key.Fingerprint
	}
	return joinNames(list)
}

// Key is "package-key:" and the file.
func (o ImportKey) Key() string { return "package-key:" + o.Path }

// Impact is None.
func (o ImportKey) Impact() steps.Impact { return steps.None }

// Diff shows whom the host is going to trust.
func (o ImportKey) Diff() steps.Diff {
	return steps.Diff{Action: "trust", To: fingerprints(o.Keys), Notes: []string{"rpm accepts all packages that are signed with it, from any repository"}}
}

// Inverse takes the trust from the keys that rpm does not have yet.
func (o ImportKey) Inverse(ctx context.Context, v host.View) (steps.Op, error) {
	trusted, err := trustedKeys(ctx, v)
	if err != nil {
		return nil, err
	}
	return EraseKey{Manager: o.Manager, Path: o.Path, Keys: without(o.Keys, trusted), LockTimeout: o.LockTimeout}, nil
}

// Do imports the file, if it holds what people were shown and no other key.
func (o ImportKey) Do(ctx context.Context, h host.Host) error {
	content, err := h.ReadFile(o.Path)
	if err != nil {
		return fmt.Errorf("trusting the key of a repository: %w", err)
	}
	keys, err := repository.PublicKeys(content)
	if err != nil {
		return fmt.Errorf("trusting the key of a repository: %s: %w", o.Path, err)
	}
	trusted, err := trustedKeys(ctx, h)
	if err != nil {
		return err
	}
	for _, key := range without(keys, trusted) {
		if !slices.Contains(o.Keys, key) {
			return fmt.Errorf("trusting the key of a repository: %s now holds %s, which was not planned: plan again, and look at whose it is", o.Path, key.Fingerprint)
		}
	}
	if len(without(o.Keys, trusted)) == 0 {
		return nil
	}
	if err := changeKeys(ctx, h, o.Manager, o.LockTimeout, "--import", o.Path); err != nil {
		return fmt.Errorf("trusting the key %s: %w", o.Path, err)
	}
	if trusted, err = trustedKeys(ctx, h); err != nil {
		return err
	}
	if left := without(o.Keys, trusted); len(left) > 0 {
		return fmt.Errorf("trusting the key %s: rpm took the file, and does not have %s: write each key as a block of its own", o.Path, fingerprints(left))
	}
	return nil
}

// EraseKey takes the trust from keys. It is the inverse of ImportKey.
type EraseKey struct {
	Manager     distros.PackageManager `json:"manager"`
	Path        string                 `json:"path"`
	Keys        []repository.PublicKey `json:"keys,omitempty"`
	LockTimeout time.Duration          `json:"lockTimeout,omitempty"`
}

// Key is that of ImportKey.
func (o EraseKey) Key() string { return ImportKey{Path: o.Path}.Key() }

// Impact is None.
func (o EraseKey) Impact() steps.Impact { return steps.None }

// Diff shows whom the host trusts no more.
func (o EraseKey) Diff() steps.Diff {
	return steps.Diff{Action: "distrust", From: fingerprints(o.Keys)}
}

// Inverse imports the keys that rpm has now.
func (o EraseKey) Inverse(ctx context.Context, v host.View) (steps.Op, error) {
	trusted, err := trustedKeys(ctx, v)
	if err != nil {
		return nil, err
	}
	absent := without(o.Keys, trusted)
	there := slices.DeleteFunc(slices.Clone(o.Keys), func(key repository.PublicKey) bool { return slices.Contains(absent, key) })
	return ImportKey{Manager: o.Manager, Path: o.Path, Keys: there, LockTimeout: o.LockTimeout}, nil
}

// Do erases the keys that rpm has.
func (o EraseKey) Do(ctx context.Context, h host.Host) error {
	trusted, err := trustedKeys(ctx, h)
	if err != nil {
		return err
	}
	for _, k := range trusted {
		if !slices.ContainsFunc(o.Keys, k.Is) {
			continue
		}
		// An old rpm may have it twice.
		if err := changeKeys(ctx, h, o.Manager, o.LockTimeout, "--erase", "--allmatches", k.String()); err != nil {
			return fmt.Errorf("taking the trust from the key %s: %w", k, err)
		}
	}
	return nil
}

// changeKeys runs rpm when no package manager is at work.
func changeKeys(ctx context.Context, h host.Host, manager distros.PackageManager, lockTimeout time.Duration, args ...string) error {
	m, err := For(manager)
	if err != nil {
		return err
	}
	return withLocks(ctx, h, m.databaseLocks(), lockTimeout, func() error {
		out, err := h.Run(ctx, host.Command{Argv: append([]string{"rpm"}, args...), Timeout: markTimeout})
		if said := strings.TrimSpace(string(out.Stderr)); err != nil && said != "" {
			return fmt.Errorf("%w: %s", err, said)
		}
		return err
	})
}
