package op

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// undoPath returns the op that puts a path back to what is there now. It is the
// inverse of every op that replaces or removes a path, and costs what that costs.
func undoPath(v host.View, name string, cost steps.Impact) (steps.Op, error) {
	info, err := v.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		missing, err := missingParents(v, name)
		if err != nil {
			return nil, err
		}
		return Remove{Path: name, Dirs: missing, Cost: cost}, nil
	case err != nil:
		return nil, err
	case info.Mode&fs.ModeSymlink != 0:
		target, err := v.Readlink(name)
		if err != nil {
			return nil, err
		}
		return Symlink{Path: name, Target: target}, nil
	case info.Mode.IsDir():
		return undoDirectory(name, info), nil
	case !info.Mode.IsRegular():
		return nil, notRegular(v, name, info)
	}
	content, err := v.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return Restore{Path: name, Blob: digest(content), Attr: info.Attr(), Cost: cost}, nil
}

// missingParents lists the parent directories that do not exist, deepest first.
func missingParents(v host.View, name string) ([]string, error) {
	var missing []string
	for dir := path.Dir(name); dir != "/" && dir != "."; dir = path.Dir(dir) {
		info, err := v.Stat(dir)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, dir)
		case err != nil:
			return nil, err
		case !info.Mode.IsDir():
			return nil, fmt.Errorf("%s is not a directory, so %s cannot be in it: move it away", dir, name)
		default:
			return missing, nil
		}
	}
	return missing, nil
}

func makeParents(h host.Host, name string) error {
	missing, err := missingParents(h, name)
	if err != nil {
		return err
	}
	for i := len(missing) - 1; i >= 0; i-- {
		if err := h.Mkdir(missing[i], host.Attr{Mode: 0o755}); err != nil {
			return err
		}
	}
	return nil
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// notRegular explains what stands in a file's place and how to get out of it.
func notRegular(v host.View, name string, info host.Info) error {
	switch {
	case info.Mode&fs.ModeSymlink != 0:
		target, err := v.Readlink(name)
		if err != nil {
			return err
		}
		return fmt.Errorf("%s is a symbolic link to %s, and hostler writes only regular files: manage %s instead, or remove the link: %w",
			name, target, target, host.ErrNotRegular)
	case info.Mode.IsDir():
		return fmt.Errorf("%s is a directory where a file should be: move it away: %w", name, host.ErrNotRegular)
	default:
		return fmt.Errorf("%s is a %s where a file should be: move it away: %w", name, info.Mode.Type(), host.ErrNotRegular)
	}
}
