package osrelease

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode/utf8"
)

// Paths are where the file lies, in the order of os-release(5): the second is
// read only where the first is missing, and the two are never merged.
var Paths = []string{"/etc/os-release", "/usr/lib/os-release"}

// File is the meaning of one os-release file.
type File struct {
	// Path is where the file was read, empty when it was parsed from memory.
	Path string
	// Fields holds each key with its value, unquoted. Of a key that is set
	// twice the last value counts, as it would in a shell.
	Fields map[string]string
	// Problems are the lines that the specification does not allow, in order.
	// A value is kept as far as it could be read.
	Problems []Problem
}

// Problem is one line that is not what os-release(5) allows.
type Problem struct {
	Line   int    // counted from 1
	Text   string // the line as it stands
	Reason string
}

func (p Problem) String() string {
	return fmt.Sprintf("line %d: %s: %q", p.Line, p.Reason, p.Text)
}

// Read parses the first of Paths that exists. The error is fs.ErrNotExist
// where there is none, and that of readFile otherwise.
func Read(readFile func(path string) ([]byte, error)) (File, error) {
	for _, path := range Paths {
		content, err := readFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return File{}, fmt.Errorf("reading %q: %w", path, err)
		}
		file := Parse(content)
		file.Path = path
		return file, nil
	}
	return File{}, fmt.Errorf("reading %s: %w", strings.Join(Paths, " or "), fs.ErrNotExist)
}

// Parse reads the content of an os-release file. It accepts any input.
func Parse(content []byte) File {
	file := File{Fields: map[string]string{}}
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf")) // a byte order mark, left by Windows editors
	number := 0
	for raw := range strings.Lines(string(content)) {
		number++
		line := strings.TrimSpace(raw) // also the CR of CRLF
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, reason := parseLine(line)
		if key != "" {
			file.Fields[key] = value
		}
		if reason != "" {
			file.Problems = append(file.Problems, Problem{Line: number, Text: line, Reason: reason})
		}
	}
	return file
}

// ID returns the lower-case identifier of the system. "linux" is what the
// specification says of a file without one.
func (f File) ID() string {
	if id := f.Fields["ID"]; id != "" {
		return strings.ToLower(id)
	}
	return "linux"
}

// IDLike returns the identifiers of the systems that this one derives from,
// the closest first.
func (f File) IDLike() []string {
	return strings.Fields(strings.ToLower(f.Fields["ID_LIKE"]))
}

// parseLine splits one assignment. The key is empty where there is none; the
// reason is empty where the line is as the specification wants it.
func parseLine(line string) (key, value, reason string) {
	name, rest, found := strings.Cut(line, "=")
	if !found {
		return "", "", "not KEY=value"
	}
	if exported, ok := strings.CutPrefix(name, "export "); ok {
		name, reason = strings.TrimSpace(exported), "export is not part of the format"
	}
	if !validKey(name) {
		return "", "", "key is not made of letters, digits and underscores"
	}
	value, odd := unquote(rest)
	if odd != "" {
		reason = odd
	}
	if !utf8.ValidString(value) {
		value, reason = strings.ToValidUTF8(value, "\uFFFD"), "not UTF-8"
	}
	return name, value, reason
}

func validKey(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := c == '_' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}

// unquote takes the quotes and escapes off a value.
func unquote(text string) (value, reason string) {
	switch {
	case text == "":
		return "", ""
	case text[0] == '\'':
		return unquoteSingle(text[1:])
	case text[0] == '"':
		return unquoteDouble(text[1:])
	default:
		return unquoteBare(text)
	}
}

// unquoteSingle reads up to the closing quote; nothing inside is special.
func unquoteSingle(text string) (value, reason string) {
	value, after, closed := strings.Cut(text, "'")
	return value, afterQuote(closed, after)
}

// unquoteDouble reads up to the closing quote. As in a shell, a backslash
// counts only before the characters that are special inside double quotes.
func unquoteDouble(text string) (value, reason string) {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return out.String(), afterQuote(true, text[i+1:])
		case c == '\\' && i+1 < len(text) && strings.IndexByte("\"$`\\", text[i+1]) >= 0:
			i++
			out.WriteByte(text[i])
		default:
			out.WriteByte(c)
		}
	}
	return out.String(), afterQuote(false, "")
}

func afterQuote(closed bool, after string) (reason string) {
	after = strings.TrimSpace(after)
	switch {
	case !closed:
		return "closing quote is missing"
	case after != "" && after[0] != '#':
		return "text after the closing quote"
	default:
		return ""
	}
}

// unquoteBare reads a value without quotes. What a shell would act on is kept
// as it stands and reported: no vendor means a file of facts to run anything.
func unquoteBare(text string) (value, reason string) {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text):
			i++
			out.WriteByte(text[i])
		case c == '\\':
			reason = "backslash at the end of the line"
		default:
			if strings.IndexByte(" \t;&|<>()$`\"'", c) >= 0 {
				reason = "special character outside quotes"
			}
			out.WriteByte(c)
		}
	}
	return out.String(), reason
}
