package proxy

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The marks of what hostler does in files that have no drop-ins. All of these files
// take lines that begin with "#" for comments.
const (
	beginMark = "# hostler: lines for " + field + " begin here; changes of them are taken back\n"
	endMark   = "# hostler: lines for " + field + " end here\n"
	asideMark = "# hostler has other lines in place of: "
)

// block is a few settings in a file of somebody else's.
type block struct {
	// section is the heading that they belong below, as dnf.conf has "[main]"; empty:
	// the file has none.
	section string
	// keys are set by lines, and by no other line of the section.
	keys  []string
	lines []string
}

// in returns the file with the block, and everything else as it was. Doing it twice
// is doing it once.
func (b block) in(file []byte) ([]byte, error) {
	original, err := without(file)
	if err != nil {
		return nil, err
	}
	body := beginMark + strings.Join(b.lines, "\n") + "\n" + endMark
	if b.section == "" {
		return append([]byte(body), b.setAside(original)...), nil
	}
	heading := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(b.section) + `[ \t\r]*$`).FindIndex(original)
	if heading == nil {
		body = beginMark + b.section + "\n" + strings.Join(b.lines, "\n") + "\n" + endMark
		return append([]byte(body), original...), nil
	}
	if heading[1] == len(original) {
		return nil, fmt.Errorf("the heading %s has no end of line: add one", b.section)
	}
	start := heading[1] + 1
	end := len(original)
	if next := regexp.MustCompile(`(?m)^\[`).FindIndex(original[start:]); next != nil {
		end = start + next[0]
	}
	return slices.Concat(original[:start], []byte(body), b.setAside(original[start:end]), original[end:]), nil
}

// setAside comments out the lines that set one of the keys, with those that go on
// with the value: in files with sections they begin with a blank.
func (b block) setAside(lines []byte) []byte {
	var out bytes.Buffer
	goesOn := false
	for line := range bytes.Lines(lines) {
		key, _, assigns := strings.Cut(string(line), "=")
		continues := goesOn && b.section != "" && (line[0] == ' ' || line[0] == '\t') && len(bytes.TrimSpace(line)) > 0
		goesOn = continues || assigns && slices.Contains(b.keys, strings.TrimSpace(key))
		if goesOn {
			out.WriteString(asideMark)
		}
		out.Write(line)
	}
	return out.Bytes()
}

// without returns the file as it was before hostler's block.
func without(file []byte) ([]byte, error) {
	if begin := bytes.Index(file, []byte(beginMark)); begin >= 0 {
		length := bytes.Index(file[begin:], []byte(endMark))
		if length < 0 {
			return nil, fmt.Errorf("the line %q has no line %q after it: remove it and the lines that hostler wrote", strings.TrimSpace(beginMark), strings.TrimSpace(endMark))
		}
		file = slices.Concat(file[:begin], file[begin+length+len(endMark):])
	}
	var out bytes.Buffer
	for line := range bytes.Lines(file) {
		out.Write(bytes.TrimPrefix(line, []byte(asideMark)))
	}
	return out.Bytes(), nil
}
