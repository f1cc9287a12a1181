package unitfiles

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// State is the unit's state on disk as "systemctl is-enabled" names it, and
// empty for a unit without a unit file.
func State(t Tree, name string) (string, error) {
	file, err := Find(t, name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	folder := path.Dir(file.Path)
	switch {
	case file.Masked && folder == Runtime:
		return MaskedRuntime, nil
	case file.Masked:
		return Masked, nil
	case path.Base(file.Real) != path.Base(file.Path):
		return Alias, nil
	case file.Real != file.Path && !slices.Contains(searchPath, path.Dir(file.Real)):
		return Linked, nil
	case folder == "/run/systemd/generator":
		return Generated, nil
	}
	return enablement(t, name, file)
}

// enablement tells enabled, disabled, static and indirect apart.
func enablement(t Tree, name string, file File) (string, error) {
	in, err := parseInstall(file)
	if err != nil {
		return "", err
	}
	for _, where := range []struct{ folder, state string }{{Config, Enabled}, {Runtime, EnabledRuntime}} {
		links, err := enableLinks(t, where.folder, name)
		switch {
		case err != nil:
			return "", err
		case len(links) > 0 && isTemplate(name) && !hasDefaultInstance(links, name, in):
			return Indirect, nil // only other instances are enabled
		case len(links) > 0:
			return where.state, nil
		}
	}
	switch {
	case in.links():
		return Disabled, nil
	case len(in.Also) > 0:
		return Indirect, nil
	}
	return Static, nil
}

func isTemplate(name string) bool { return strings.Contains(name, "@.") }

// hasDefaultInstance tells whether a link is that of the template's default instance.
func hasDefaultInstance(links []string, template string, in install) bool {
	name, err := withInstance(template, in.DefaultInstance)
	return err == nil && slices.ContainsFunc(links, func(link string) bool { return path.Base(link) == name })
}

// enableLinks returns the links below a folder that enable a unit: those of its
// name in folders such as multi-user.target.wants, and its aliases. For a
// template these are the links of all its instances.
func enableLinks(t Tree, folder, name string) ([]string, error) {
	names, err := readDir(t, folder)
	if err != nil {
		return nil, err
	}
	var links []string
	for _, entry := range names {
		at := path.Join(folder, entry)
		if isDependencyFolder(entry) {
			inside, err := dependencyLinks(t, at, name)
			if err != nil {
				return nil, err
			}
			links = append(links, inside...)
			continue
		}
		if entry != name && isAliasOf(t, at, name) {
			links = append(links, at)
		}
	}
	return links, nil
}

func dependencyLinks(t Tree, folder, name string) ([]string, error) {
	names, err := readDir(t, folder)
	if err != nil {
		return nil, err
	}
	var links []string
	for _, entry := range names {
		template, _, _ := splitInstance(entry)
		if entry == name || template == name {
			links = append(links, path.Join(folder, entry))
		}
	}
	return links, nil
}

// isAliasOf tells whether the path is a link to the unit under another name.
func isAliasOf(t Tree, at, name string) bool {
	target, err := t.Readlink(at)
	if err != nil {
		return false // not a link
	}
	return path.Base(target) == name
}
