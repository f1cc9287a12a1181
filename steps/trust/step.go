package trust

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// Step keeps the certificates and the bundle.
type Step struct{ spec Spec }

// New makes the step for a Spec; what is wrong with the Spec is an error of Plan.
func New(spec Spec) Step { return Step{spec} }

// Name is "ca-certificates".
func (s Step) Name() string { return "ca-certificates" }

// Plan returns one Change at most, and the restarts that go with it.
func (s Step) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	wanted, err := s.spec.authorities()
	if err != nil {
		return nil, err
	}
	change, err := s.planFiles(v, wanted)
	if err != nil {
		return nil, err
	}
	warnings := warn(wanted, time.Now())
	if !v.Live() {
		return s.planImage(change, warnings)
	}
	if err := s.lookIntoBundle(v, wanted, &change); err != nil {
		return nil, err
	}
	if len(change.Shown.Notes) == 0 {
		return nil, warnings
	}
	if !installed(v, s.spec.Update[0]) {
		return nil, errors.Join(warnings, steps.Later("%s is not there, so that the certificates cannot be made known: install the package %s", s.spec.Update[0], s.spec.Package))
	}
	restarts, err := s.planRestarts(ctx, v)
	return append([]steps.Op{change}, restarts...), errors.Join(warnings, err)
}

// planFiles compares the folder with the wish.
func (s Step) planFiles(v host.View, wanted []authority) (Change, error) {
	change := Change{Bundle: s.spec.Bundle, Update: s.spec.Update, Shown: steps.Diff{Action: "update"}}
	keep := map[string]bool{}
	for _, a := range wanted {
		keep[path.Base(a.file)] = true
		planned, err := op.PlanFile(v, op.FileWish{Path: a.file, Content: a.content(), Attr: host.Attr{Mode: 0o644}})
		if err != nil {
			return change, err
		}
		if file, ok := planned.(op.File); ok {
			change.Write = append(change.Write, file)
			change.Shown.Notes = append(change.Shown.Notes, file.Shown.Action+" "+a.describe())
		}
	}
	ours, err := s.files(v)
	if err != nil {
		return change, err
	}
	for _, name := range ours {
		if !keep[name] {
			change.Remove = append(change.Remove, op.Remove{Path: path.Join(s.spec.Dir, name)})
			change.Shown.Notes = append(change.Shown.Notes, "remove "+name)
		}
	}
	return change, nil
}

// files lists hostler's files in the folder.
func (s Step) files(v host.Files) ([]string, error) {
	if s.spec.Dir == "" {
		return nil, nil
	}
	names, err := v.ReadDir(s.spec.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var ours []string
	for _, name := range names {
		if !strings.HasPrefix(name, prefix) || !strings.HasSuffix(name, s.spec.Suffix) {
			continue
		}
		info, err := v.Lstat(path.Join(s.spec.Dir, name))
		if err != nil {
			return nil, err
		}
		if info.Mode.IsRegular() { // hostler makes nothing else
			ours = append(ours, name)
		}
	}
	return ours, nil
}

// planImage returns the files alone: the command would have to run in the image, and
// images of other architectures are built too.
func (s Step) planImage(change Change, warnings error) ([]steps.Op, error) {
	ops := change.edits()
	if len(ops) > 0 {
		warnings = errors.Join(warnings, steps.Warning("certificates are only put into the image: the first run on the machine makes %s from them", s.spec.Bundle))
	}
	return ops, warnings
}

// lookIntoBundle adds to the change what the bundle lacks although the files are
// there.
func (s Step) lookIntoBundle(v host.Files, wanted []authority, change *Change) error {
	if len(wanted) == 0 || len(change.Shown.Notes) > 0 {
		return nil // nothing to look for, or it is made anew anyway
	}
	bundle, err := v.ReadFile(s.spec.Bundle)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	known := blocks(bundle)
	for _, a := range wanted {
		if a.usable(time.Now()) && !slices.ContainsFunc(known, func(der []byte) bool { return bytes.Equal(der, a.cert.Raw) }) {
			change.Shown.Notes = append(change.Shown.Notes, fmt.Sprintf("%s lacks %s", s.spec.Bundle, a.describe()))
		}
	}
	return nil
}

// blocks returns what PEM holds, as DER. It is not parsed: a bundle may hold
// certificates that Go refuses and others do not.
func blocks(bundle []byte) [][]byte {
	var all [][]byte
	for {
		var block *pem.Block
		if block, bundle = pem.Decode(bundle); block == nil {
			return all
		}
		all = append(all, block.Bytes)
	}
}

// warn tells of certificates that will not do what was meant.
func warn(wanted []authority, now time.Time) error {
	var warnings []error
	for _, a := range wanted {
		switch {
		case now.After(a.cert.NotAfter):
			warnings = append(warnings, steps.Warning("%s has expired, so nothing trusts it: replace it in %s", a.describe(), field))
		case now.Before(a.cert.NotBefore):
			warnings = append(warnings, steps.Warning("%s is valid only from %s: look at the clock of this machine", a.describe(), a.cert.NotBefore.UTC().Format(time.RFC3339)))
		case !a.cert.IsCA:
			warnings = append(warnings, steps.Warning("%s is no certificate of an authority, so that some programs do not trust it: give the one that signed it in %s", a.describe(), field))
		}
	}
	return errors.Join(warnings...)
}

// programFolders are where hosts look for programs.
var programFolders = []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}

func installed(v host.Files, program string) bool {
	if path.IsAbs(program) {
		_, err := v.Stat(program)
		return err == nil
	}
	return slices.ContainsFunc(programFolders, func(folder string) bool {
		_, err := v.Stat(path.Join(folder, program))
		return err == nil
	})
}

// planRestarts restarts the units that run: the others read the new bundle when they
// start.
func (s Step) planRestarts(ctx context.Context, v host.View) ([]steps.Op, error) {
	var ops []steps.Op
	for _, u := range s.spec.Restart {
		unit, err := v.Unit(ctx, u.Name)
		if err != nil {
			return nil, err
		}
		if unit.Active() {
			ops = append(ops, op.Job{Unit: u.Name, Verb: host.JobRestart, Cost: u.Cost, Why: "it reads trusted certificates only when it starts"})
		}
	}
	return ops, nil
}
