package dnftest

import (
	"path"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

// makeFolders is install -d, makes folders with mode 0755 and knows no other mode.
func makeFolders(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
	for _, dir := range cmd.Argv[1:] {
		if _, err := f.Lstat(dir); err != nil && strings.HasPrefix(dir, "/") {
			f.Change(hosttest.Dir(dir, 0o755))
		}
	}
	return host.Output{}, nil
}

// copyPackages is find FOLDER … -name "*.rpm" … -exec cp … -t TARGET … +.
func copyPackages(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
	target := cmd.Argv[slices.Index(cmd.Argv, "-t")+1]
	var visit func(dir string)
	visit = func(dir string) {
		names, err := f.ReadDir(dir)
		if err != nil {
			return
		}
		for _, name := range names {
			at := path.Join(dir, name)
			if content, err := f.ReadFile(at); err == nil && path.Ext(name) == ".rpm" {
				f.Change(hosttest.File(path.Join(target, name), string(content)))
			}
			visit(at)
		}
	}
	visit(cmd.Argv[1])
	return host.Output{}, nil
}

// removeTree is rm -rf.
func removeTree(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
	for _, name := range cmd.Argv[1:] {
		if strings.HasPrefix(name, "/") {
			f.Change(hosttest.Absent(name))
		}
	}
	return host.Output{}, nil
}
