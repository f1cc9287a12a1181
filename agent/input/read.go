package input

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// MaxBytes is the size of the largest file that is read. The API server refuses objects above 1.5 MiB, so that a larger
// file is a mistake.
const MaxBytes = 1 << 20

// Stdin is the path that stands for standard input.
const Stdin = "-"

// Read returns the groups of one YAML or JSON stream, with their defaults, in their order. If anything is wrong the error
// holds an *Error; otherwise it says why r could not be read. name is for messages.
func Read(name string, r io.Reader) ([]*v1alpha1.NodeGroup, error) {
	var b batch
	if err := b.add(name, r); err != nil {
		return nil, err
	}
	return b.result()
}

// ReadFiles does what Read does for several files, and reports the problems of all of them. The path "-" is stdin.
func ReadFiles(paths []string, stdin io.Reader) ([]*v1alpha1.NodeGroup, error) {
	var b batch
	var unread []error
	for _, path := range paths {
		if err := b.addPath(path, stdin); err != nil {
			unread = append(unread, err)
		}
	}
	groups, err := b.result()
	if len(unread) > 0 {
		return nil, errors.Join(append(unread, err)...)
	}
	return groups, err
}

// batch is what was read so far, from all files.
type batch struct {
	groups   []*v1alpha1.NodeGroup
	problems []Problem
	names    map[string]string // of a group to where it was found
}

func (b *batch) addPath(path string, stdin io.Reader) error {
	if path == Stdin {
		return b.add("<stdin>", stdin)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("reading input: %w", err)
	}
	if info.IsDir() {
		return fmt.Errorf("reading %q: it is a folder; name the files in it", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("reading input: %w", err)
	}
	defer func() { _ = file.Close() }() // opened for reading: nothing is lost
	return b.add(path, file)
}

func (b *batch) add(name string, r io.Reader) error {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return fmt.Errorf("reading %q: %w", name, err)
	}
	roots, problems := parse(data)
	if len(roots) == 0 && len(problems) == 0 {
		problems = []Problem{{Line: 1, Column: 1, Message: "is empty: want at least one object, such as a " + knownKinds()}}
	}
	for _, root := range roots {
		d := newDecoder()
		if group := d.object(root); group != nil {
			b.noteName(name, group, d)
			b.groups = append(b.groups, group)
		}
		problems = append(problems, d.problems...)
	}
	sortByPosition(problems)
	for _, problem := range problems {
		problem.File = name
		b.problems = append(b.problems, problem)
	}
	return nil
}

// noteName reports a second group of the same name: one of the two would be lost.
func (b *batch) noteName(file string, group *v1alpha1.NodeGroup, d *decoder) {
	if group.Name == "" {
		return
	}
	const path = "metadata.name"
	line, column := d.places.find(path, false)
	if before, taken := b.names[group.Name]; taken {
		d.report(path, line, column, "%q is the name of the group at %s already", group.Name, before)
		return
	}
	if b.names == nil {
		b.names = map[string]string{}
	}
	b.names[group.Name] = fmt.Sprintf("%s:%d:%d", file, line, column)
}

func (b *batch) result() ([]*v1alpha1.NodeGroup, error) {
	if len(b.problems) > 0 {
		return nil, &Error{Problems: b.problems}
	}
	return b.groups, nil
}
