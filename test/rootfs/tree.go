package rootfs

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// The trees are the folders with a dash in their names.
//
//go:embed all:common all:*-*
var embedded embed.FS

// The files of a tree that are about it and no part of it.
const (
	manifestFile = "HOST"
	readmeFile   = "README"
)

// tree is a sample, as it is read.
type tree struct {
	files  map[string]string // absolute paths
	live   map[string]string // those that only a running host has
	links  map[string]string // by path
	kernel string
	// enabled and running are units, in the order of the manifest.
	enabled, running []string
}

// Names lists the trees, sorted. A name is ID-VERSION, see distros.Release.Key.
func Names() []string {
	entries, err := embedded.ReadDir(".")
	if err != nil {
		return nil // the root of an embedded tree is always there
	}
	var names []string
	for _, entry := range entries {
		if strings.Contains(entry.Name(), "-") {
			names = append(names, entry.Name())
		}
	}
	return names
}

// load reads what every Linux has, and over it the tree.
func load(name string) (tree, error) {
	t := tree{files: map[string]string{}, live: map[string]string{}, links: map[string]string{}}
	if !slices.Contains(Names(), name) {
		return tree{}, fmt.Errorf("there is no sample tree %q; make the folder test/rootfs/%s", name, name)
	}
	for _, folder := range []string{"common", name} {
		if err := t.read(folder); err != nil {
			return tree{}, fmt.Errorf("reading the sample tree %s: %w", folder, err)
		}
	}
	return t, nil
}

func (t *tree) read(folder string) error {
	return fs.WalkDir(embedded, folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := embedded.ReadFile(name)
		if err != nil {
			return err
		}
		switch inside := strings.TrimPrefix(name, folder+"/"); inside {
		case manifestFile:
			return t.describe(string(content))
		case readmeFile:
			return nil
		default:
			t.files["/"+inside] = string(content)
			return nil
		}
	})
}

// describe reads a manifest.
func (t *tree) describe(manifest string) error {
	number := 0
	for line := range strings.Lines(manifest) {
		number++
		line = strings.TrimRight(line, "\n")
		verb, rest, _ := strings.Cut(line, " ")
		subject, value, _ := strings.Cut(rest, " ")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case verb == "kernel" && value == "":
			t.kernel = subject
		case verb == "link" && value != "":
			t.links[subject] = value
		case verb == "enabled" && value == "":
			t.enabled = append(t.enabled, subject)
		case verb == "running" && value == "":
			t.running = append(t.running, subject)
		case verb == "live" && value != "":
			t.live[subject] = value + "\n"
		default:
			return fmt.Errorf("%s:%d: %q is not one of kernel, link, enabled, running, live", manifestFile, number, line)
		}
	}
	return nil
}

// mode is that of a file in the tree: what is in a folder of programs is one.
func mode(name string) fs.FileMode {
	switch {
	case slices.Contains([]string{"/usr/bin", "/usr/sbin"}, path.Dir(name)):
		return 0o755
	case name == "/etc/shadow":
		return 0o640
	default:
		return 0o644
	}
}

// modules is the folder of the running kernel's modules.
func (t *tree) modules() string { return path.Join("/usr/lib/modules", t.kernel) }
