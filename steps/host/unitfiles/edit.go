package unitfiles

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"
)

// SetState brings a unit into one of the states Enabled, Disabled and Masked.
// Disabling or enabling a masked unit unmasks it first.
func SetState(t Tree, name, state string) error {
	switch state {
	case Masked:
		return mask(t, name)
	case Enabled, Disabled:
		if err := unmask(t, name); err != nil {
			return err
		}
		edit := enable
		if state == Disabled {
			edit = disable
		}
		return edit(t, name, map[string]bool{})
	}
	return fmt.Errorf("unit file state %q of %q: want one of %s, %s, %s: %w", state, name, Enabled, Disabled, Masked, fs.ErrInvalid)
}

// mask links the unit to /dev/null in Config. A unit file or another link that
// is there already is not overwritten; systemctl refuses that too.
func mask(t Tree, name string) error {
	at := path.Join(Config, name)
	target, err := t.Readlink(at)
	switch {
	case isAbsent(err):
	case err == nil && target == "/dev/null":
		return nil
	default:
		return fmt.Errorf("masking %q: %q is in the way; remove that first: %w", name, at, fs.ErrExist)
	}
	if err := makeFolder(t, Config); err != nil {
		return err
	}
	return t.Symlink(at, "/dev/null")
}

// unmask removes links to /dev/null; other links and files stay.
func unmask(t Tree, name string) error {
	for _, folder := range []string{Config, Runtime} {
		at := path.Join(folder, name)
		if target, err := t.Readlink(at); err != nil || target != "/dev/null" {
			continue
		}
		if err := t.Remove(at); err != nil {
			return err
		}
	}
	return nil
}

// enable makes the links that [Install] asks for. seen ends Also cycles.
func enable(t Tree, name string, seen map[string]bool) error {
	if seen[name] {
		return nil
	}
	seen[name] = true
	file, err := Find(t, name)
	if err != nil {
		return fmt.Errorf("enabling %q: %w", name, err)
	}
	in, err := parseInstall(file)
	if err != nil {
		return err
	}
	if !in.links() && len(in.Also) == 0 {
		return fmt.Errorf("enabling %q: %q has no [Install] section, so nothing starts it at boot; "+
			"leave it as it is (static) or give it one: %w", name, file.Path, fs.ErrInvalid)
	}
	if name, err = withInstance(name, in.DefaultInstance); err != nil {
		return err
	}
	for _, link := range wantedLinks(name, in) {
		if err := makeFolder(t, path.Dir(link)); err != nil {
			return err
		}
		if err := t.Symlink(link, file.Real); err != nil {
			return err
		}
	}
	for _, also := range in.Also {
		if err := enable(t, expand(also, name), seen); err != nil {
			return err
		}
	}
	return nil
}

// withInstance turns a template's name into that of its default instance.
func withInstance(name, instance string) (string, error) {
	prefix, suffix, isTemplate := strings.Cut(name, "@.")
	if !isTemplate {
		return name, nil
	}
	if instance == "" {
		return "", fmt.Errorf("enabling %q: it is a template without DefaultInstance; name an instance, such as %q: %w",
			name, prefix+"@NAME."+suffix, fs.ErrInvalid)
	}
	return prefix + "@" + instance + "." + suffix, nil
}

// wantedLinks lists the links that [Install] asks for, for a name that is not a template.
func wantedLinks(name string, in install) []string {
	var links []string
	for suffix, targets := range map[string][]string{".wants": in.WantedBy, ".requires": in.RequiredBy, ".upholds": in.UpheldBy} {
		for _, target := range targets {
			links = append(links, path.Join(Config, expand(target, name)+suffix, name))
		}
	}
	for _, alias := range in.Alias {
		if alias := expand(alias, name); alias != name {
			links = append(links, path.Join(Config, alias))
		}
	}
	slices.Sort(links)
	return links
}

// expand replaces the specifiers that make sense in [Install] (systemd.unit(5)).
func expand(value, name string) string {
	_, instance, _ := splitInstance(name)
	prefix := strings.TrimSuffix(name, path.Ext(name))
	plain, _, _ := strings.Cut(prefix, "@")
	return strings.NewReplacer("%%", "%", "%i", instance, "%I", instance, "%n", name, "%N", prefix, "%p", plain).Replace(value)
}

// disable removes the links that enable makes, and folders that are empty then.
func disable(t Tree, name string, seen map[string]bool) error {
	if seen[name] {
		return nil
	}
	seen[name] = true
	links, err := enableLinks(t, Config, name)
	if err != nil {
		return err
	}
	for _, link := range links {
		if err := t.Remove(link); err != nil {
			return err
		}
		if err := removeIfEmpty(t, path.Dir(link)); err != nil {
			return err
		}
	}
	file, err := Find(t, name)
	if errors.Is(err, fs.ErrNotExist) || file.Masked {
		return nil
	}
	if err != nil {
		return err
	}
	in, err := parseInstall(file)
	if err != nil {
		return err
	}
	for _, also := range in.Also {
		if err := disable(t, expand(also, name), seen); err != nil {
			return err
		}
	}
	return nil
}

func removeIfEmpty(t Tree, folder string) error {
	if !isDependencyFolder(folder) {
		return nil
	}
	names, err := t.ReadDir(folder)
	if err != nil || len(names) > 0 {
		return err
	}
	return t.Remove(folder)
}

// makeFolder makes a folder with its parents. What exists is left alone.
func makeFolder(t Tree, folder string) error {
	if _, err := t.ReadDir(folder); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := makeFolder(t, path.Dir(folder)); err != nil {
		return err
	}
	if err := t.Mkdir(folder); err != nil && !errors.Is(err, syscall.EEXIST) {
		return err
	}
	return nil
}
