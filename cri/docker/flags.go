package docker

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps/host"
)

// unitFolders are where systemd looks for units and their drop-ins, best first.
var unitFolders = []string{
	"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system",
}

// environmentFiles are the administrators' files that the packages' units read
// options from: Debian's and Docker's, and the Red Hat family's.
var environmentFiles = []string{"/etc/default/docker", "/etc/sysconfig/docker", "/etc/sysconfig/docker-storage", "/etc/sysconfig/docker-network"}

// flagKeys are the keys of daemon.json for flags of another name (docs.docker.com,
// dockerd reference).
var flagKeys = map[string]string{
	"H": "hosts", "host": "hosts", "log-opt": "log-opts", "exec-opt": "exec-opts", "registry-mirror": "registry-mirrors",
	"insecure-registry": "insecure-registries", "label": "labels", "storage-opt": "storage-opts", "s": "storage-driver",
	"D": "debug", "l": "log-level", "g": "data-root", "graph": "data-root", "add-runtime": "runtimes", "default-ulimit": "default-ulimits",
}

// checkFlags fails where a flag of dockerd says the same as a key of the file: it
// does not start with both, even where they agree.
func checkFlags(v host.View, unit, file string, keys []string) error {
	line, err := commandLine(v, unit)
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range line {
		name, _, _ := strings.Cut(strings.TrimLeft(f.text, "-"), "=")
		key, other := flagKeys[name]
		if !other {
			key = name
		}
		if slices.Contains(keys, key) {
			errs = append(errs, fmt.Errorf("%s gives dockerd the flag %s, and it does not start with that and the key %s of %s both: remove the flag there%s",
				f.file, strings.SplitN(f.text, "=", 2)[0], key, file, orTheKey(key)))
		}
	}
	return errors.Join(errs...)
}

// orTheKey is a second way out for keys that hostler does not write.
func orTheKey(key string) string {
	if key == "hosts" {
		return ", or the key"
	}
	return ""
}

// word is a flag and the file that it stands in.
type word struct{ text, file string }

// commandLine lists the flags of dockerd: those of the last ExecStart of the unit and
// its drop-ins, and those of the files that it takes options from.
func commandLine(v host.View, unit string) ([]word, error) {
	files, err := unitFiles(v, unit)
	if err != nil {
		return nil, err
	}
	var words []word
	reads := false // options of the administrators' files
	for _, file := range files {
		content, err := v.ReadFile(file)
		if errors.Is(err, host.ErrNotRegular) { // hidden by a link to /dev/null
			continue
		}
		if err != nil {
			return nil, err
		}
		text := strings.ReplaceAll(string(content), "\\\n", " ")
		for line := range strings.Lines(text) {
			value, found := strings.CutPrefix(strings.TrimSpace(line), "ExecStart=")
			if !found {
				continue
			}
			words, reads = flagsIn(value, file), strings.Contains(value, "$")
		}
	}
	if !reads {
		return words, nil
	}
	for _, file := range environmentFiles {
		content, err := v.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(content)) {
			if _, value, found := strings.Cut(line, "="); found && !strings.HasPrefix(strings.TrimSpace(line), "#") {
				words = append(words, flagsIn(strings.Trim(strings.TrimSpace(value), `"'`), file)...)
			}
		}
	}
	return words, nil
}

func flagsIn(line, file string) []word {
	var words []word
	for text := range strings.FieldsSeq(line) {
		if strings.HasPrefix(text, "-") {
			words = append(words, word{text, file})
		}
	}
	return words
}

// unitFiles are the unit's file and its drop-ins, in the order in which they count.
func unitFiles(v host.View, unit string) ([]string, error) {
	var files []string
	dropIns := map[string]string{}
	for _, folder := range unitFolders {
		file := path.Join(folder, unit)
		_, err := v.Stat(file)
		switch {
		case err == nil && len(files) == 0:
			files = append(files, file)
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
		names, err := v.ReadDir(file + ".d")
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, name := range names {
			if _, hidden := dropIns[name]; !hidden && strings.HasSuffix(name, ".conf") {
				dropIns[name] = path.Join(file+".d", name)
			}
		}
	}
	var names []string
	for name := range dropIns {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		files = append(files, dropIns[name])
	}
	return files, nil
}
