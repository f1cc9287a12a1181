package host

import (
	"io/fs"

	"github.com/hostler-dev/hostler/steps/host/unitfiles"
)

// unitTree is the host's file system as package unitfiles wants it: the links
// of units on a host without systemd.
type unitTree struct{ *OS }

var _ unitfiles.Tree = unitTree{}

func (t unitTree) Lstat(p string) (fs.FileMode, error) {
	info, err := t.OS.Lstat(p)
	return info.Mode, err
}

func (t unitTree) Mkdir(p string) error { return t.OS.Mkdir(p, t.ownAttr(0o755)) }
