package pkgmgr

import (
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/distros/pkgmgr/rpm"
)

// excludeMark is before a line that hostler added.
const excludeMark = "# hostler keeps these packages at their versions\n"

// excludeLine keeps packages at whatever version they have, by the option of the
// main configuration that hides them from repositories. hostler's own commands switch
// it off for themselves.
type excludeLine struct{ option string }

// find cuts the text around the value of the last line with the option in the main
// section, which is the one that counts.
func (e excludeLine) find(text string) (before, value, after string, found bool) {
	offset, inMain := 0, false
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		if strings.HasPrefix(trimmed, "[") {
			inMain = trimmed == "[main]"
		}
		key, rest, isOption := strings.Cut(line, "=")
		key = strings.TrimSpace(key)
		if inMain && isOption && (key == "exclude" || key == "excludepkgs") {
			end := offset + len(strings.TrimRight(line, "\r\n"))
			start := offset + len(line) - len(rest)
			before, value, after, found = text[:start], text[start:end], text[end:], true
		}
		offset += len(line)
	}
	return before, value, after, found
}

func words(value string) []string {
	return strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })
}

func (e excludeLine) locked(text, name string, _ rpm.EVR) bool {
	_, value, _, _ := e.find(text)
	return slices.Contains(words(value), name)
}

func (e excludeLine) lock(text, name string, evr rpm.EVR) string {
	if e.locked(text, name, evr) {
		return text
	}
	if before, value, after, found := e.find(text); found {
		return before + value + " " + name + after
	}
	block := excludeMark + e.option + "=" + name + "\n"
	head, tail, found := strings.Cut(text, "[main]\n")
	if !found {
		return "[main]\n" + block + text
	}
	return head + "[main]\n" + block + tail
}

func (e excludeLine) unlock(text, name string) string {
	before, value, after, found := e.find(text)
	if !found || !slices.Contains(words(value), name) {
		return text
	}
	if rest, own := strings.CutSuffix(before, excludeMark+e.option+"="); own && value == name {
		return rest + strings.TrimPrefix(after, "\n")
	}
	return before + withoutWord(value, name) + after
}

// withoutWord takes a word out with the separator before it, or, of the first word,
// with the one after it.
func withoutWord(value, name string) string {
	isSeparator := func(c byte) bool { return c == ' ' || c == ',' || c == '\t' }
	for start := 0; ; {
		at := strings.Index(value[start:], name)
		if at < 0 {
			return value
		}
		at += start
		end := at + len(name)
		whole := (at == 0 || isSeparator(value[at-1])) && (end == len(value) || isSeparator(value[end]))
		switch {
		case !whole:
			start = end
		case at > 0 && strings.TrimSpace(value[:at]) != "":
			return value[:at-1] + value[end:]
		case end < len(value):
			return value[:at] + value[end+1:]
		default:
			return value[:at]
		}
	}
}
