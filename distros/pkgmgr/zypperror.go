package pkgmgr

import (
	"bytes"
	"encoding/xml"
	"errors"
	"regexp"
	"strings"

	"github.com/hostler-dev/hostler/steps/host"
)

// The exit codes of zypper(8) that hostler tells apart.
const (
	zyppLocked        = 7
	zyppRebootNeeded  = 102 // done: a patch asks for a restart of the machine
	zyppRestartNeeded = 103 // done: a patch of zypper itself
	zyppNotFound      = 104
	zyppReposSkipped  = 106 // done, without a repository that could not be fetched
	zyppScriptFailed  = 107 // installed, but a package's script failed
)

// exitCode is that of the command which failed, 0 for none.
func exitCode(err error) int {
	var failed *host.CommandError
	if errors.As(err, &failed) {
		return failed.ExitCode
	}
	return 0
}

// zypperError understands what zypper printed when it failed; nil where it did what it
// was told. What it does not know it leaves as it is.
func zypperError(err error, out host.Output) error {
	if err == nil {
		return nil
	}
	said := zyppSaid(out.Stdout)
	switch exitCode(err) {
	case zyppRebootNeeded, zyppRestartNeeded, zyppReposSkipped:
		return nil
	case zyppLocked:
		return &Error{Kind: ErrLocked, Detail: said, Err: err}
	case zyppNotFound:
		return &Error{Kind: ErrNoPackage, Detail: said, Err: err}
	case zyppScriptFailed:
		return &Error{Kind: ErrMaintainerScript, Detail: said, Err: err}
	}
	for _, c := range zyppComplaints {
		if c.pattern.MatchString(said) {
			return &Error{Kind: c.kind, Detail: said, Err: err}
		}
	}
	return err
}

// zyppComplaints in the order of what explains most: a full disk makes scripts fail,
// and a bad signature makes a repository invalid.
var zyppComplaints = []struct {
	kind    error
	pattern *regexp.Regexp
}{
	{ErrDiskFull, regexp.MustCompile(`No space left on device|needs \S+ (?:more space )?on the`)},
	{ErrMaintainerScript, regexp.MustCompile(`scriptlet failed`)},
	{ErrDigest, regexp.MustCompile(`Digest verification failed`)},
	{ErrSignature, regexp.MustCompile(`[Ss]ignature verification failed|is unsigned|signing key received`)},
	{ErrUnreachable, regexp.MustCompile(`Download \(curl\) error|not found on medium|Can't provide|Valid metadata not found`)},
	{ErrBroken, regexp.MustCompile(`(?m)^Problem: `)},
}

// zyppSaid is what zypper told a person: errors, warnings, questions of the resolver
// and what a failed script printed, without its advice on how to go on by hand. XML
// that is cut off counts as far as it goes.
func zyppSaid(output []byte) string {
	var said []string
	decoder := xml.NewDecoder(bytes.NewReader(output))
	var in, parent xml.StartElement
	for {
		token, err := decoder.Token()
		if err != nil {
			return strings.Join(said, "; ")
		}
		switch token := token.(type) {
		case xml.StartElement:
			in, parent = token.Copy(), in
		case xml.EndElement:
			in = xml.StartElement{}
		case xml.CharData:
			if text := zyppExplain(string(token)); text != "" && zyppMatters(in, parent, text) {
				said = append(said, text)
			}
		}
	}
}

// zyppMatters tells apart what elements say: packages have descriptions, too.
func zyppMatters(in, parent xml.StartElement, text string) bool {
	switch in.Name.Local {
	case "message":
		return attribute(in, "type") != "info" || strings.Contains(text, "scriptlet failed")
	case "description":
		return parent.Name.Local == "prompt"
	default:
		return false
	}
}

// zyppExplain keeps the lines that say what is wrong.
func zyppExplain(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		advice := strings.HasPrefix(line, "Solution ") || strings.HasPrefix(line, "Please ") || line == "" || line == "History:"
		if !advice {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n  ")
}

func attribute(element xml.StartElement, name string) string {
	for _, a := range element.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
