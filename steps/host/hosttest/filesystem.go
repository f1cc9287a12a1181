package hosttest

import (
	"path"

	"github.com/hostler-dev/hostler/steps/host"
)

// Mount gives a folder a file system of its own. A fake has one file system otherwise, an ext4 with room.
func Mount(p string, filesystem host.Filesystem) Option {
	return func(f *Fake) {
		f.Change(Dir(p, 0o755))
		f.mu.Lock()
		defer f.mu.Unlock()
		f.mounts[p] = filesystem
	}
}

// Filesystem implements host.Files. Links count where they are, not where they lead to.
func (f *Fake) Filesystem(p string) (host.Filesystem, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.read("looking at the file system of", p, true); err != nil {
		return host.Filesystem{}, err
	}
	for dir := p; ; dir = path.Dir(dir) {
		if found, ok := f.mounts[dir]; ok {
			return found, nil
		}
	}
}
