package containerd

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// warnOfImports looks for files that the main one imports and that take back
// what hostler sets. Imports are read after the main file; containerd 1.x takes
// whole plugin tables from them, 2.x single keys.
func warnOfImports(v host.View, file string, content []byte, release Release) error {
	doc, err := parse(content)
	if err != nil {
		return err
	}
	var remarks []error
	patterns, _ := doc["imports"].([]any)
	for _, value := range patterns {
		pattern, _ := value.(string)
		if !path.IsAbs(pattern) {
			pattern = path.Join(path.Dir(file), pattern)
		}
		names, err := glob(v, path.Clean(pattern))
		if err != nil {
			return err
		}
		for _, name := range names {
			remarks = append(remarks, warnOfImport(v, name, release))
		}
	}
	return errors.Join(remarks...)
}

func warnOfImport(v host.View, name string, release Release) error {
	content, err := v.ReadFile(name)
	if err != nil {
		return err
	}
	doc, err := parse(content)
	if err != nil {
		return steps.Warning("containerd imports %s, which it cannot read: %v", name, err)
	}
	if _, whole := lookup(doc, "plugins", pluginCRI).(table); whole && !release.atLeast(2, 0) {
		return steps.Warning("containerd imports %s, and its table plugins.%q replaces the whole one that hostler writes: "+
			"move its contents into spec.cri.containerd.config and remove it", name, pluginCRI)
	}
	for _, owned := range OwnedKeys() {
		if found := find(doc, owned.Path, nil); len(found) > 0 && owned.String() != "version" {
			return steps.Warning("containerd imports %s, and its %s wins over the value that hostler writes: remove it there", name, dotted(found[0]))
		}
	}
	return nil
}

// glob finds files as containerd does, but for patterns in names of folders,
// which nobody is known to use.
func glob(v host.View, pattern string) ([]string, error) {
	dir := path.Dir(pattern)
	names, err := v.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var found []string
	for _, name := range names {
		match, err := path.Match(path.Base(pattern), name)
		if err != nil {
			return nil, fmt.Errorf("imports: %q: %w", pattern, err)
		}
		if match {
			found = append(found, path.Join(dir, name))
		}
	}
	slices.Sort(found)
	return found, nil
}
