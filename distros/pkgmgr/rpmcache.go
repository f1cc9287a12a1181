package pkgmgr

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr/repository"
	"github.com/hostler-dev/hostler/steps/host"
)

// RepositoryFormat is what the repositories of a package manager hold, as far as
// their descriptions go.
func RepositoryFormat(name distros.PackageManager) repository.Format {
	switch name {
	case distros.Dnf, distros.Yum, distros.Zypper:
		return repository.RPM
	default:
		return repository.Deb
	}
}

// rpmCaches are the folders in which dnf 4, dnf 5 and zypper keep lists, each
// repository's under its name. yum's are in one below its architecture and release.
var rpmCaches = []string{"/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/zypp/raw"}

const yumCache = "/var/cache/yum"

// cachesOfRPM are the paths of fetched lists. What is there beside lists belongs to
// no repository by name, and so to nobody who asks.
func cachesOfRPM(v host.View) ([]string, error) {
	folders := rpmCaches
	arches, err := pathsIn(v, yumCache)
	if err != nil {
		return nil, err
	}
	for _, arch := range arches {
		releases, err := pathsIn(v, arch)
		if err != nil {
			return nil, err
		}
		folders = append(folders[:len(folders):len(folders)], releases...)
	}
	var lists []string
	for _, folder := range folders {
		paths, err := pathsIn(v, folder)
		if err != nil {
			return nil, err
		}
		lists = append(lists, paths...)
	}
	return lists, nil
}

// pathsIn are what is in a folder; nothing where there is none.
func pathsIn(v host.View, folder string) ([]string, error) {
	if info, err := v.Stat(folder); err == nil && !info.Mode.IsDir() {
		return nil, nil
	}
	names, err := v.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for fetched lists: %w", err)
	}
	for i, name := range names {
		names[i] = path.Join(folder, name)
	}
	return names, nil
}

// dropCache removes one of them.
func dropCache(ctx context.Context, h host.Host, name string) error {
	return tidy(ctx, h, nil, "rm", "-rf", "--", name)
}
