package input

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// parse returns the documents of a stream that hold something. After a syntax error nothing can be read, so that the
// documents before it are all there are.
func parse(data []byte) ([]*yaml.Node, []Problem) {
	if problem, ok := checkText(data); !ok {
		return nil, []Problem{problem}
	}
	var roots []*yaml.Node
	for stream := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var document yaml.Node
		err := stream.Decode(&document)
		if errors.Is(err, io.EOF) {
			return roots, nil
		}
		if err != nil {
			return roots, []Problem{syntaxProblem(data, err)}
		}
		if len(document.Content) == 1 && !isNull(document.Content[0]) {
			roots = append(roots, document.Content[0])
		}
	}
}

// checkText refuses what is not text, before a parser guesses.
func checkText(data []byte) (Problem, bool) {
	if len(data) > MaxBytes {
		return Problem{Line: 1, Column: 1, Message: "is larger than 1 MiB: want one object or a few"}, false
	}
	if utf8.Valid(data) {
		return Problem{}, true
	}
	at := 0
	for at < len(data) {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	line, column := position(data, at)
	return Problem{Line: line, Column: column, Message: "is not UTF-8 text: save the file as UTF-8"}, false
}

// position of a byte, in lines and characters from 1.
func position(data []byte, at int) (line, column int) {
	before := data[:at]
	line = bytes.Count(before, []byte("\n")) + 1
	column = utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
	return line, column
}

var (
	lineInError   = regexp.MustCompile(`^line ([0-9]+): `)
	unknownAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)
)

// syntaxProblem finds out where the parser stopped: it says so in words, without a column.
func syntaxProblem(data []byte, err error) Problem {
	message := strings.TrimPrefix(err.Error(), "yaml: ")
	if found := unknownAnchor.FindStringSubmatch(message); found != nil {
		line, column := position(data, max(0, bytes.Index(data, []byte("*"+found[1]))))
		return Problem{Line: line, Column: column, Message: "there is no anchor &" + found[1]}
	}
	line := 1
	if found := lineInError.FindStringSubmatch(message); found != nil {
		line, _ = strconv.Atoi(found[1])
		message = strings.TrimPrefix(message, found[0])
	}
	lines := strings.Split(string(data), "\n")
	line = min(line, len(lines))
	// The parser is off by one line at times.
	for _, candidate := range []int{line, line - 1, line + 1} {
		if candidate < 1 || candidate > len(lines) {
			continue
		}
		indent, _, isTab := strings.Cut(lines[candidate-1], "\t")
		if isTab && strings.Trim(indent, " ") == "" {
			return Problem{Line: candidate, Column: len(indent) + 1, Message: "is indented by a tab: YAML wants blanks"}
		}
	}
	return Problem{Line: line, Column: 1, Message: "is not YAML: " + message + " (check the indentation, colons and quotes here and above)"}
}
