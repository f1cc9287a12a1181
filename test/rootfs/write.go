package rootfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Write puts a tree into a folder, as the file system of a machine that does not
// run. The folder need not exist; what is in the way is an error.
func Write(name, folder string) error {
	t, err := load(name)
	if err != nil {
		return err
	}
	if err := t.write(folder); err != nil {
		return fmt.Errorf("writing the sample tree %s: %w", name, err)
	}
	return nil
}

func (t *tree) write(folder string) error {
	for name, content := range t.files {
		if err := writeFile(filepath.Join(folder, name), content, mode(name)); err != nil {
			return err
		}
	}
	for name, target := range t.links {
		if err := writeLink(filepath.Join(folder, name), target); err != nil {
			return err
		}
	}
	for _, unit := range t.enabled {
		wanted := path.Join("/etc/systemd/system", t.wantedBy(unit)+".wants", unit)
		if err := writeLink(filepath.Join(folder, wanted), path.Join(unitFolder, unit)); err != nil {
			return err
		}
	}
	return errors.Join(
		writeFile(filepath.Join(folder, t.modules(), "modules.builtin"), "", 0o644),
		writeFile(filepath.Join(folder, "boot", "vmlinuz-"+t.kernel), "", 0o644),
	)
}

const unitFolder = "/usr/lib/systemd/system"

// wantedBy is the target that a unit of the tree is started by.
func (t *tree) wantedBy(unit string) string {
	for line := range strings.Lines(t.files[path.Join(unitFolder, unit)]) {
		if target, found := strings.CutPrefix(line, "WantedBy="); found {
			return strings.TrimSpace(target)
		}
	}
	return ""
}

func writeFile(name, content string, mode fs.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = file.WriteString(content)
	return errors.Join(err, file.Close())
}

func writeLink(name, target string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.Symlink(target, name)
}
