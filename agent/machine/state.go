package machine

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/hostler-dev/hostler/steps/host"
)

// stateDir is the host's state folder as this process sees it. The engine writes
// there by path, so in a root that is not this machine's own no link may lead
// out of it: not on the way to the folder, and nowhere in it.
func stateDir(h *host.OS, root string) (string, error) {
	dir := filepath.Join(root, h.StateDir())
	if filepath.Clean(root) == "/" {
		return dir, nil
	}
	for at := h.StateDir(); at != "/"; at = path.Dir(at) {
		info, err := h.Lstat(at)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return "", err
		case info.Mode&fs.ModeSymlink != 0:
			return "", leadsOut(root, at)
		}
	}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		switch {
		// Who may not look into the folder may not write there either.
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
			return nil
		case err != nil:
			return fmt.Errorf("looking through the state folder: %w", err)
		case entry.Type()&fs.ModeSymlink != 0:
			return leadsOut(root, strings.TrimPrefix(name, filepath.Clean(root)))
		}
		return nil
	})
	return dir, err
}

func leadsOut(root, name string) error {
	return fmt.Errorf("in root %s, %s is a symbolic link, and hostler's state must not lead out of the root: replace the link with what it leads to", root, name)
}
