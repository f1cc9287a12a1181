package apttest

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

// install, cp, mv and rm are those of coreutils, as far as hostler calls them: with
// options before "--" or files, and with -t for the folder.

// flag returns the argument after one, and the arguments without both.
func flag(args []string, name string) (value string, rest []string) {
	i := slices.Index(args, name)
	if i < 0 || i+1 == len(args) {
		return "", args
	}
	return args[i+1], slices.Concat(args[:i], args[i+2:])
}

// files are the arguments that are no options.
func files(args []string) []string {
	return slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return strings.HasPrefix(arg, "-") })
}

func install(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
	mode, args := flag(cmd.Argv[1:], "-m")
	bits, err := strconv.ParseUint(mode, 8, 32)
	if err != nil {
		bits = 0o755
	}
	names := files(args)
	if slices.Contains(args, "-d") {
		for _, name := range names {
			if _, err := f.Lstat(name); err != nil {
				f.Change(hosttest.Dir(name, fs.FileMode(bits)))
			}
		}
		return host.Output{}, nil
	}
	f.Change(hosttest.FileWith(names[1], string(cmd.Stdin), host.Attr{Mode: fs.FileMode(bits)}))
	return host.Output{}, nil
}

func copyFiles(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
	folder, args := flag(cmd.Argv[1:], "-t")
	for _, name := range files(args) {
		content, err := f.ReadFile(name)
		if err != nil {
			return fail(cmd, 1, "cp: cannot stat '%s': No such file or directory\n", name)
		}
		f.Change(hosttest.File(path.Join(folder, path.Base(name)), string(content)))
	}
	return host.Output{}, nil
}

func moveFiles(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
	out, err := copyFiles(f, cmd)
	if err != nil {
		return out, err
	}
	_, args := flag(cmd.Argv[1:], "-t")
	for _, name := range files(args) {
		f.Change(hosttest.Absent(name))
	}
	return out, nil
}

func removeTree(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
	for _, name := range files(cmd.Argv[1:]) {
		f.Change(hosttest.Absent(name))
	}
	return host.Output{}, nil
}
