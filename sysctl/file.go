package sysctl

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// File is where the values are kept for the next boot. Files that distributions
// and packages ship start with lower numbers.
const File = "/etc/sysctl.d/90-hostler.conf"

// header marks the file as hostler's: only a file that starts with it is
// removed when there are no values left.
const header = "# Kept by hostler: it takes changes made here back.\n" +
	"# Change operatingSystem.sysctl of the NodeGroup instead.\n"

// render returns the contents of File.
func render(settings []setting) []byte {
	var b bytes.Buffer
	b.WriteString(header)
	for _, s := range settings {
		b.WriteString(strings.TrimRight(fmt.Sprintf("%s = %s", s.key, s.value), " ") + "\n")
	}
	return b.Bytes()
}

// planFile returns the op that File lacks, or nil.
func planFile(v host.View, settings []setting) (steps.Op, error) {
	if len(settings) > 0 {
		return op.PlanFile(v, op.FileWish{Path: File, Content: render(settings), Attr: host.Attr{Mode: 0o644}})
	}
	content, err := v.ReadFile(File)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, host.ErrNotRegular):
		return nil, nil
	case err != nil:
		return nil, err
	case !bytes.HasPrefix(content, []byte(header)):
		return nil, steps.Warning("%s was not written by hostler, so it stays: remove it, or take its values over into operatingSystem.sysctl", File)
	}
	return op.PlanRemove(v, File)
}
