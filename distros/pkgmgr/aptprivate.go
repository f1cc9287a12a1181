package pkgmgr

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/distros/pkgmgr/repository"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// Where hostler keeps what it fetched ahead. All may enter, because apt fetches
// and checks signatures as a user of its own, who cannot enter the state folder.
const (
	cacheDir   = "/var/cache/hostler"
	privateDir = cacheDir + "/prefetch" // apt's private configuration; gone after use
	stagedDir  = cacheDir + "/lists"    // fetched lists of repositories that are not put in place yet
)

// The files in which an administrator and hostler describe repositories.
const (
	mainSource = "/etc/apt/sources.list"
	sourcesDir = "/etc/apt/sources.list.d"
)

// privateApt is a host on which apt works as if the repositories were described as
// they will be when the earlier ops of a plan have run: with lists and sources of
// its own, and with the packages, keys, settings and archives of the host.
type privateApt struct {
	host.Host
}

// Query runs what only reads. The settings are not on the list of those that a plan
// may give, so it goes by Run: whoever has a privateApt may write.
func (p privateApt) Query(ctx context.Context, cmd host.Command) (host.Output, error) {
	return p.Run(ctx, cmd)
}

// Run puts the settings first, so that those of the command count where they are the same.
func (p privateApt) Run(ctx context.Context, cmd host.Command) (host.Output, error) {
	cmd.Argv = slices.Concat(cmd.Argv[:1], []string{
		"-o", "Dir::Etc::sourcelist=" + privateSource(mainSource),
		"-o", "Dir::Etc::sourceparts=" + privateSource(sourcesDir),
		"-o", "Dir::State::lists=" + privateLists,
		"-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache=",
	}, cmd.Argv[1:])
	return p.Host.Run(ctx, cmd)
}

const privateLists = privateDir + "/lists"

// privateSource is where the private configuration has a source file.
func privateSource(name string) string {
	return path.Join(privateDir, strings.TrimPrefix(name, "/etc/apt"))
}

// openPrivate makes the private configuration anew: sources as they are, with what the
// ops of the plan will make of them over it, and no lists.
func openPrivate(ctx context.Context, h host.Host, plan []steps.Op) (privateApt, error) {
	private := privateApt{h}
	sources, err := plannedSources(h, plan)
	if err != nil {
		return private, err
	}
	if err := private.close(ctx); err != nil {
		return private, err
	}
	folders := []string{cacheDir, privateDir, privateSource(sourcesDir), privateLists, privateLists + "/partial", path.Join(privateDir, "keys")}
	if err := tidy(ctx, h, nil, append([]string{"install", "-d", "-m", "0755"}, folders...)...); err != nil {
		return private, err
	}
	for _, planned := range plan {
		file, ok := planned.(op.File)
		if !ok || isSource(file.Path) || !isMentioned(file.Path, sources) {
			continue
		}
		copied := path.Join(privateDir, "keys", strings.ReplaceAll(strings.TrimPrefix(file.Path, "/"), "/", "_"))
		if err := place(ctx, h, copied, file.Content, file.Attr.Mode); err != nil {
			return private, err
		}
		for i := range sources {
			sources[i].content = strings.ReplaceAll(sources[i].content, file.Path, copied)
		}
	}
	for _, source := range sources {
		if err := place(ctx, h, privateSource(source.path), []byte(source.content), source.mode); err != nil {
			return private, err
		}
	}
	return private, nil
}

// close removes the private configuration.
func (p privateApt) close(ctx context.Context) error {
	return tidy(ctx, p.Host, nil, "rm", "-rf", "--", privateDir)
}

// sourceFile is a file that describes repositories.
type sourceFile struct {
	path, content string
	mode          fs.FileMode
}

func isSource(name string) bool { return name == mainSource || path.Dir(name) == sourcesDir }

func isMentioned(name string, sources []sourceFile) bool {
	return slices.ContainsFunc(sources, func(s sourceFile) bool { return strings.Contains(s.content, name) })
}

// plannedSources are the source files of the host as they will be after the ops.
func plannedSources(v host.View, plan []steps.Op) ([]sourceFile, error) {
	sources, err := presentSources(v)
	if err != nil {
		return nil, err
	}
	drop := func(name string) {
		sources = slices.DeleteFunc(sources, func(s sourceFile) bool { return s.path == name })
	}
	for _, planned := range plan {
		switch o := planned.(type) {
		case op.File:
			if isSource(o.Path) {
				drop(o.Path)
				sources = append(sources, sourceFile{o.Path, string(o.Content), o.Attr.Mode})
			}
		case op.Remove:
			drop(o.Path)
		}
	}
	slices.SortFunc(sources, func(a, b sourceFile) int { return strings.Compare(a.path, b.path) })
	return sources, nil
}

func presentSources(v host.View) ([]sourceFile, error) {
	names, err := v.ReadDir(sourcesDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading how repositories are described: %w", err)
	}
	paths := []string{mainSource}
	for _, name := range names {
		// apt ignores files that are called otherwise.
		if ext := path.Ext(name); ext == ".list" || ext == ".sources" {
			paths = append(paths, path.Join(sourcesDir, name))
		}
	}
	var sources []sourceFile
	for _, name := range paths {
		info, err := v.Stat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		content, err := v.ReadFile(name)
		if err != nil {
			return nil, err
		}
		sources = append(sources, sourceFile{name, string(content), info.Mode.Perm()})
	}
	return sources, nil
}

// changesSources tells whether ops of the plan change what apt knows of repositories.
func changesSources(plan []steps.Op) bool {
	return slices.ContainsFunc(plan, func(planned steps.Op) bool {
		switch o := planned.(type) {
		case op.File:
			return isSource(o.Path)
		case op.Remove:
			return isSource(o.Path)
		case Refresh, ImportKey: // dnf would trust the key before its op runs
			return true
		}
		return false
	})
}

// seed gives the private configuration the lists of a folder, over those that it has.
func (p privateApt) seed(ctx context.Context, folder string, names []string) error {
	if len(names) == 0 {
		return nil
	}
	argv := []string{"cp", "-p", "--reflink=auto", "--remove-destination", "-t", privateLists, "--"}
	return tidy(ctx, p.Host, nil, append(argv, inFolder(folder, names)...)...)
}

func inFolder(folder string, names []string) []string {
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = path.Join(folder, name)
	}
	return paths
}

// place writes a file of hostler's own cache. It does not go by WriteFile, which
// keeps the original of all that it touches for good.
func place(ctx context.Context, h host.Host, name string, content []byte, mode fs.FileMode) error {
	return tidy(ctx, h, content, "install", "-m", fmt.Sprintf("%04o", mode.Perm()), "/dev/stdin", name)
}

// tidy runs a command on hostler's own cache.
func tidy(ctx context.Context, h host.Host, stdin []byte, argv ...string) error {
	if _, err := h.Run(ctx, host.Command{Argv: argv, Stdin: stdin}); err != nil {
		return fmt.Errorf("keeping what is fetched ahead: %w", err)
	}
	return nil
}

// listsIn are the fetched lists in a folder; none where there is no folder.
func listsIn(v host.View, folder string, own func(name string) bool) ([]string, error) {
	names, err := v.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the lists of repositories: %w", err)
	}
	// apt's own: its lock, what it is fetching, and what it found beside lists.
	return slices.DeleteFunc(names, func(name string) bool {
		return name == "lock" || name == "partial" || name == "auxfiles" || !own(name)
	}), nil
}

// everyList is for listsIn.
func everyList(string) bool { return true }

// ListNames returns the names of the fetched lists; none where there is no
// folder for them. apt's are names in its folder, those of other managers are paths.
func ListNames(v host.View) ([]string, error) {
	names, err := listsIn(v, repository.ListsDir, everyList)
	if err != nil {
		return nil, err
	}
	caches, err := cachesOfRPM(v)
	return append(names, caches...), err
}
