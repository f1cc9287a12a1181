package pkgmgr

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/hostler-dev/hostler/distros/pkgmgr/rpm"
	"github.com/hostler-dev/hostler/steps/host"
)

// rpm never throws configuration away that somebody wrote. A file that was there before
// its package stays, and what the package has is written beside it (.rpmnew); and when
// the package goes, each file that is not as it came is renamed (.rpmsave), also one that
// is older than the package. The undo of an installation leaves neither behind, as purge
// does not on Debian, and gives back what was there.

// rpmConfig is a configuration file of a package that goes.
type rpmConfig struct {
	rpm.Config
	// beside: what the package has is in .rpmnew, since somebody's own file was there.
	beside bool
	// file is the file, where it is older than the package, and saved a .rpmsave from
	// before: rpm is going to rename the first, and may overwrite the second.
	file, saved keptFile
}

// keptFile is a copy in the blob store, if there was something to copy.
type keptFile struct {
	blob string
	attr host.Attr
}

// purging makes changes, and tidies up after the packages that go with their
// configuration. Cut short in between, it leaves what rpm left: nothing is lost.
func purging(ctx context.Context, h host.Host, changes []Change, apply func() error) error {
	configs, err := configsToPurge(ctx, h, changes)
	if err != nil {
		return err
	}
	err = apply()
	if len(configs) == 0 {
		return err
	}
	return errors.Join(err, purgeConfigs(ctx, h, configs))
}

// configsToPurge lists configuration files, and keeps copies of what must come back.
func configsToPurge(ctx context.Context, h host.Host, changes []Change) ([]rpmConfig, error) {
	inventory, err := rpmInventory(ctx, h)
	if err != nil {
		return nil, err
	}
	argv := []string{"rpm", "-q", "--queryformat", rpm.FilesFormat}
	asked := len(argv)
	for _, c := range changes {
		if c.To == "" && !c.KeepConfig && inventory.Get(c.Name).Installed {
			argv = append(argv, c.Name)
		}
	}
	if len(argv) == asked {
		return nil, nil
	}
	out, err := h.Query(ctx, host.Command{Argv: argv})
	if err != nil {
		return nil, fmt.Errorf("asking rpm which configuration files go: %w", err)
	}
	var configs []rpmConfig
	for _, found := range rpm.ParseConfigs(string(out.Stdout)) {
		c, err := keepConfig(h, found)
		if err != nil {
			return nil, fmt.Errorf("keeping configuration that is not of %s: %w", found.Package, err)
		}
		configs = append(configs, c)
	}
	return configs, nil
}

// keepConfig keeps copies of what must come back. A file that differs from the package's
// is older than it where rpm wrote .rpmnew, and where its time says so: somebody may
// have removed .rpmnew. In doubt a file stays.
func keepConfig(h host.Host, found rpm.Config) (c rpmConfig, err error) {
	c.Config = found
	if c.saved, err = keep(h, c.save()); err != nil {
		return c, err
	}
	info, err := h.Lstat(c.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	original, err := holds(h, c.Path, c.Digest)
	if err != nil || original {
		return c, err
	}
	if c.beside, err = holds(h, c.new(), c.Digest); err != nil {
		return c, err
	}
	if c.beside || info.ModTime.Unix() < c.InstallTime {
		c.file, err = keep(h, c.Path)
	}
	return c, err
}

func (c rpmConfig) new() string  { return c.Path + ".rpmnew" }
func (c rpmConfig) save() string { return c.Path + ".rpmsave" }

// holds tells whether a file has the contents with a SHA-256.
func holds(v host.View, path, digest string) (bool, error) {
	if regular, err := isRegular(v, path); err != nil || !regular {
		return false, err
	}
	content, err := v.ReadFile(path)
	if err != nil {
		return false, err
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:]) == digest, nil
}

func isRegular(v host.View, path string) (bool, error) {
	info, err := v.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && info.Mode.IsRegular(), err
}

func keep(h host.Host, path string) (keptFile, error) {
	if regular, err := isRegular(h, path); err != nil || !regular {
		return keptFile{}, err
	}
	info, err := h.Lstat(path)
	if err != nil {
		return keptFile{}, err
	}
	blob, err := h.Keep(path)
	return keptFile{blob: blob, attr: info.Attr()}, err
}

// purgeConfigs is for the packages that have gone.
func purgeConfigs(ctx context.Context, h host.Host, configs []rpmConfig) error {
	inventory, err := rpmInventory(ctx, h)
	if err != nil {
		return err
	}
	gone := slices.DeleteFunc(configs, func(c rpmConfig) bool { return inventory.Get(c.Package).Installed })
	var problems []error
	for _, c := range gone {
		if err := c.purge(h); err != nil {
			problems = append(problems, fmt.Errorf("tidying up after %s: %w", c.Package, err))
		}
	}
	return errors.Join(problems...)
}

func (c rpmConfig) purge(h host.Host) error {
	if err := c.file.putBack(h, c.Path); err != nil {
		return err
	}
	if c.beside {
		if err := h.Remove(c.new()); err != nil {
			return err
		}
	}
	if c.saved.blob != "" {
		return c.saved.putBack(h, c.save())
	}
	if regular, err := isRegular(h, c.save()); err != nil || !regular {
		return err // a folder, or nothing
	}
	return h.Remove(c.save())
}

// putBack leaves a file alone that is as it was.
func (f keptFile) putBack(h host.Host, path string) error {
	if f.blob == "" {
		return nil
	}
	if same, err := holds(h, path, f.blob); err != nil || same {
		return err
	}
	return h.Restore(path, f.blob, f.attr)
}
