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

// Documents are the objects of all kinds that people write, each kind in the order of the files. They have their defaults
// and are valid.
type Documents struct {
	Groups         []*v1alpha1.NodeGroup
	Configurations []v1alpha1.NodeGroupConfiguration
	Policies       []v1alpha1.UpdatePolicy
}

func (docs *Documents) add(o object) {
	switch o := o.(type) {
	case *v1alpha1.NodeGroup:
		docs.Groups = append(docs.Groups, o)
	case *v1alpha1.NodeGroupConfiguration:
		docs.Configurations = append(docs.Configurations, *o)
	case *v1alpha1.UpdatePolicy:
		docs.Policies = append(docs.Policies, *o)
	}
}

// Read returns the objects of one YAML or JSON stream. If anything is wrong the error holds an *Error; otherwise it says
// why r could not be read. name is for messages.
func Read(name string, r io.Reader) (*Documents, error) {
	var b batch
	if err := b.add(name, r); err != nil {
		return nil, err
	}
	return b.result()
}

// ReadFiles does what Read does for several files, and reports the problems of all of them. The path "-" is stdin.
func ReadFiles(paths []string, stdin io.Reader) (*Documents, error) {
	var b batch
	var unread []error
	for _, path := range paths {
		if err := b.addPath(path, stdin); err != nil {
			unread = append(unread, err)
		}
	}
	docs, err := b.result()
	if len(unread) > 0 {
		return nil, errors.Join(append(unread, err)...)
	}
	return docs, err
}

// batch is what was read so far, from all files.
type batch struct {
	docs     Documents
	problems []Problem
	places   map[string]string // where each object was found, by kind and name
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
		problems = []Problem{{Line: 1, Column: 1, Message: "is empty: want at least one object, such as a " + example()}}
	}
	for _, root := range roots {
		d := newDecoder()
		if kind, o := d.object(root); o != nil {
			b.noteName(name, kind, o.GetName(), d)
			b.docs.add(o)
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

// noteName reports a second object of the same kind and name: one of the two would be lost.
func (b *batch) noteName(file, kind, name string, d *decoder) {
	if name == "" {
		return
	}
	const path = "metadata.name"
	line, column := d.places.find(path, false)
	key := kind + " " + name
	if before, taken := b.places[key]; taken {
		d.report(path, line, column, "%q is the name of the %s at %s already", name, kind, before)
		return
	}
	if b.places == nil {
		b.places = map[string]string{}
	}
	b.places[key] = fmt.Sprintf("%s:%d:%d", file, line, column)
}

func (b *batch) result() (*Documents, error) {
	if len(b.problems) > 0 {
		return nil, &Error{Problems: b.problems}
	}
	return &b.docs, nil
}
