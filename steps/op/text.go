package op

import (
	"bytes"
	"fmt"
	"io/fs"
	"unicode/utf8"

	"github.com/pmezard/go-difflib/difflib"

	"github.com/hostler-dev/hostler/steps/host"
)

// maxDiffBytes bounds the contents that are compared line by line; beyond it the
// diff gives sizes only, so that a plan of a large file stays quick and small.
const maxDiffBytes = 256 << 10

// textDiff is a unified diff of two contents with three lines of context.
func textDiff(name string, before, after []byte) string {
	if !isText(before) || !isText(after) || len(before)+len(after) > maxDiffBytes {
		return fmt.Sprintf("binary or large contents: %d bytes before, %d bytes after\n", len(before), len(after))
	}
	diff := difflib.UnifiedDiff{FromFile: name, ToFile: name, Context: 3}
	if before == nil {
		diff.FromFile = "/dev/null"
	}
	diff.A, diff.B = lines(before), lines(after)
	text, err := difflib.GetUnifiedDiffString(diff)
	if err != nil {
		return fmt.Sprintf("no diff: %v\n", err)
	}
	return text
}

// lines splits into lines that each end in a newline, as difflib wants them.
func lines(content []byte) []string {
	var out []string
	for line := range bytes.Lines(content) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			line = append(bytes.Clone(line), "\n\\ No newline at end of file\n"...)
		}
		out = append(out, string(line))
	}
	return out
}

func isText(content []byte) bool {
	return utf8.Valid(content) && !bytes.ContainsRune(content, 0)
}

// worldReadable tells whether contents may be shown: what every user of the
// machine can read anyway is no secret.
func worldReadable(mode fs.FileMode) bool { return mode&0o004 != 0 }

// describeAttr writes "0644 root:root" or "0600 0:106".
func describeAttr(a host.Attr) string {
	owner := fmt.Sprintf("%d:%d", a.UID, a.GID)
	if a.UID == 0 && a.GID == 0 {
		owner = "root:root"
	}
	return fmt.Sprintf("%s %s", octal(a.Mode), owner)
}

// octal writes a mode as chmod(1) takes it.
func octal(mode fs.FileMode) string {
	bits := uint32(mode.Perm())
	for flag, bit := range map[fs.FileMode]uint32{fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000} {
		if mode&flag != 0 {
			bits |= bit
		}
	}
	return fmt.Sprintf("%04o", bits)
}
