package unitfiles

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"

	"github.com/coreos/go-systemd/v22/unit"
)

// Tree is what is needed of a file system. Paths are absolute; symbolic links
// in folders on the way are followed, inside the tree.
type Tree interface {
	// ReadFile follows links.
	ReadFile(path string) ([]byte, error)
	// Lstat gives type and mode of the path itself.
	Lstat(path string) (fs.FileMode, error)
	Readlink(path string) (string, error)
	// ReadDir returns sorted names.
	ReadDir(path string) ([]string, error)
	Symlink(path, target string) error
	Remove(path string) error
	// Mkdir makes one directory with mode 0755; one that exists is fine.
	Mkdir(path string) error
}

// The folders where administrators' links live: Config survives a reboot.
const (
	Config  = "/etc/systemd/system"
	Runtime = "/run/systemd/system"
)

// searchPath is systemd's, best first, as far as packages and people use it
// (systemd.unit(5), "Unit File Load Path"). /usr/lib comes before /lib: where
// both exist they are one folder.
var searchPath = []string{
	Config,
	Runtime,
	"/run/systemd/generator",
	"/usr/local/lib/systemd/system",
	"/usr/lib/systemd/system",
	"/lib/systemd/system",
}

// The states that State tells apart, named as systemctl names them.
const (
	Enabled        = "enabled"
	EnabledRuntime = "enabled-runtime"
	Disabled       = "disabled"
	Static         = "static"
	Indirect       = "indirect"
	Masked         = "masked"
	MaskedRuntime  = "masked-runtime"
	Alias          = "alias"
	Linked         = "linked"
	Generated      = "generated"
)

// File is a unit file that was found.
type File struct {
	// Path is where the unit's name, or its template's, was found first.
	Path string
	// Masked tells that the unit is linked to /dev/null or empty.
	Masked bool
	// Real is the file with the contents, when Path is a link to it.
	Real    string
	Content []byte
}

// Find returns the unit file that systemd would load for the name, which may be
// an alias or the instance of a template. An error wraps fs.ErrNotExist when
// there is none.
func Find(t Tree, name string) (File, error) {
	for _, candidate := range candidates(name) {
		for _, folder := range searchPath {
			file, err := load(t, path.Join(folder, candidate))
			if isAbsent(err) {
				continue
			}
			return file, err
		}
	}
	return File{}, fmt.Errorf("unit file of %q in %s: %w", name, strings.Join(searchPath, ", "), fs.ErrNotExist)
}

// candidates are the file names that may hold a unit: its own, then its template's.
func candidates(name string) []string {
	if template, _, ok := splitInstance(name); ok {
		return []string{name, template}
	}
	return []string{name}
}

// splitInstance takes "getty@tty1.service" apart into its template
// "getty@.service" and the instance; ok is false where there is no instance.
func splitInstance(name string) (template, instance string, ok bool) {
	prefix, rest, found := strings.Cut(name, "@")
	dot := strings.LastIndexByte(rest, '.')
	if !found || dot <= 0 {
		return "", "", false
	}
	return prefix + "@" + rest[dot:], rest[:dot], true
}

// Names lists the units that have a unit file, templates left out, sorted.
// Folders that cannot be read are left out.
func Names(t Tree) []string {
	var names []string
	for _, folder := range searchPath {
		entries, err := t.ReadDir(folder)
		if err != nil {
			continue
		}
		for _, entry := range entries {
			isUnit := unitTypes[path.Ext(entry)] && !strings.Contains(entry, "@.")
			if isUnit && !slices.Contains(names, entry) {
				names = append(names, entry)
			}
		}
	}
	slices.Sort(names)
	return names
}

// unitTypes are the suffixes of unit files.
var unitTypes = map[string]bool{
	".service": true, ".socket": true, ".timer": true, ".target": true, ".mount": true, ".automount": true,
	".swap": true, ".path": true, ".slice": true, ".device": true, ".scope": true,
}

// load reads one unit file through any links.
func load(t Tree, at string) (File, error) {
	mode, err := t.Lstat(at)
	if err != nil {
		return File{}, err
	}
	file := File{Path: at, Real: at}
	for hops := 0; mode&fs.ModeSymlink != 0; hops++ {
		target, err := t.Readlink(file.Real)
		if err != nil {
			return File{}, err
		}
		if !path.IsAbs(target) {
			target = path.Join(path.Dir(file.Real), target)
		}
		if target == "/dev/null" {
			file.Masked = true
			return file, nil
		}
		file.Real = path.Clean(target)
		if mode, err = t.Lstat(file.Real); err != nil {
			return File{}, fmt.Errorf("%q links to a file that is not there: %w", at, err)
		}
		if hops > 10 {
			return File{}, fmt.Errorf("reading unit file %q: %w", at, syscall.ELOOP)
		}
	}
	file.Content, err = t.ReadFile(file.Real)
	if err != nil {
		return File{}, err
	}
	// An empty unit file masks just as a link to /dev/null does.
	file.Masked = len(file.Content) == 0
	return file, nil
}

// Sources returns everything that systemd reads for a unit, the unit file first
// and then its drop-ins, as path and contents. It is empty for a unit that does
// not exist.
func Sources(t Tree, name string) ([]File, error) {
	var sources []File
	file, err := Find(t, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err == nil {
		sources = append(sources, file)
	}
	for _, candidate := range candidates(name) {
		for _, folder := range searchPath {
			dropIns, err := readDropIns(t, path.Join(folder, candidate+".d"))
			if err != nil {
				return nil, err
			}
			sources = append(sources, dropIns...)
		}
	}
	return sources, nil
}

func readDropIns(t Tree, folder string) ([]File, error) {
	names, err := readDir(t, folder)
	if err != nil {
		return nil, err
	}
	var files []File
	for _, name := range names {
		if !strings.HasSuffix(name, ".conf") {
			continue
		}
		file, err := load(t, path.Join(folder, name))
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// readDir is ReadDir where a folder that does not exist is empty.
func readDir(t Tree, folder string) ([]string, error) {
	names, err := t.ReadDir(folder)
	if isAbsent(err) {
		return nil, nil
	}
	return names, err
}

// isAbsent also covers a path below something that is no folder.
func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// install is a unit file's [Install] section.
type install struct {
	WantedBy, RequiredBy, UpheldBy, Alias, Also []string
	DefaultInstance                             string
}

// links tells whether enabling the unit itself makes any link.
func (i install) links() bool {
	return len(i.WantedBy)+len(i.RequiredBy)+len(i.UpheldBy)+len(i.Alias) > 0
}

func parseInstall(file File) (install, error) {
	options, err := unit.DeserializeOptions(bytes.NewReader(file.Content))
	if err != nil {
		return install{}, fmt.Errorf("parsing unit file %q: %w", file.Path, err)
	}
	var in install
	lists := map[string]*[]string{
		"WantedBy": &in.WantedBy, "RequiredBy": &in.RequiredBy, "UpheldBy": &in.UpheldBy,
		"Alias": &in.Alias, "Also": &in.Also,
	}
	for _, option := range options {
		if option.Section != "Install" {
			continue
		}
		if option.Name == "DefaultInstance" {
			in.DefaultInstance = option.Value
			continue
		}
		list, known := lists[option.Name]
		if !known {
			continue
		}
		if option.Value == "" { // an empty assignment resets the list
			*list = nil
		}
		// The library leaves the backslashes of continued lines in.
		value := strings.ReplaceAll(option.Value, "\\\n", " ")
		*list = append(*list, strings.Fields(value)...)
	}
	return in, nil
}

// dependencyFolders are the suffixes of the folders that hold enable links.
var dependencyFolders = []string{".wants", ".requires", ".upholds"}

func isDependencyFolder(name string) bool {
	return slices.Contains(dependencyFolders, path.Ext(name))
}
