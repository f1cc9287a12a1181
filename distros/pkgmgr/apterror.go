package pkgmgr

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/hostler-dev/hostler/steps/host"
)

// aptError understands what apt and dpkg printed when a command failed. What
// it does not know it leaves as it is, with the last lines of standard error.
func aptError(err error, out host.Output) error {
	stderr := string(out.Stderr)
	var failed *host.CommandError
	if errors.As(err, &failed) && stderr == "" {
		stderr = failed.Stderr
	}
	if problem := classify(stderr, string(out.Stdout)); problem != nil {
		problem.Err = err
		return problem
	}
	return err
}

// complaint is a sentence of apt or dpkg that tells the kind of a failure. The
// texts are those of apt 2.2, 2.6 and 3.0 and dpkg 1.20 to 1.22; commands run
// with LC_ALL=C.UTF-8, so they are not translated.
type complaint struct {
	kind    error
	pattern *regexp.Regexp
	explain func(match []string, stderr, stdout string) string
}

// complaints in the order of what explains most: a full disk makes scripts
// fail, and a bad signature makes packages unknown. Nobody pays for the patterns
// before something failed.
var complaints = sync.OnceValue(func() []complaint {
	return []complaint{
		{ErrDiskFull, regexp.MustCompile(`(?m)^.*(?:No space left on device|You don't have enough free space in|Write error - write \(28).*$`), wholeMatch},
		{ErrLocked, regexp.MustCompile(`(?m)^E: (?:Could not get lock|Unable to acquire the dpkg frontend lock|Unable to lock).*$|^dpkg: error: dpkg frontend lock.*$`), wholeMatch},
		{ErrMaintainerScript, regexp.MustCompile(`(?m)^dpkg: error processing (?:package|archive) (\S+) .*:\n (.*subprocess.*)$`), explainScript},
		{ErrDigest, regexp.MustCompile(`(?m)^[EW]: Failed to fetch (\S+)\s+((?:Hash Sum mismatch|File has unexpected size|Clearsigned file isn't valid).*)$`), explainFetch},
		{ErrSignature, regexp.MustCompile(`(?m)^[EW]: (?:GPG error|OpenPGP signature verification failed): (\S+) .*: (.*)$`), explainSignature},
		{ErrSignature, regexp.MustCompile(`(?m)^E: The repository '(\S+) .*' (is not signed|is no longer signed)\.$`), explainSignature},
		{ErrUnreachable, regexp.MustCompile(`(?m)^[EW]: Failed to fetch (\S+)\s+(.*)$`), explainFetch},
		{ErrUnreachable, regexp.MustCompile(`(?m)^[EW]: The repository '(\S+) .*' (does not have a Release file|no longer has a Release file)\.$`), explainFetch},
		{ErrSource, regexp.MustCompile(`(?m)^E: (?:Malformed (?:entry|line|stanza).*|Unable to parse package file.*|Conflicting values set for option .*)$`), wholeMatch},
		{ErrNoVersion, regexp.MustCompile(`(?m)^E: Version '(\S+)' for '(\S+)' was not found$`), func(m []string, _, _ string) string {
			return fmt.Sprintf("%s %s", m[2], m[1])
		}},
		{ErrNoPackage, regexp.MustCompile(`(?m)^E: (?:Unable to locate package (\S+)|Package '(\S+)' has no installation candidate)$`), func(m []string, _, _ string) string {
			return fmt.Sprintf("no repository of this host has %s%s", m[1], m[2])
		}},
		{ErrBroken, regexp.MustCompile(`(?m)^E: (?:Unable to correct problems|Unmet dependencies|Unable to satisfy dependencies|Error, pkgProblemResolver|dpkg was interrupted).*$`), explainBroken},
	}
})

// classify returns nil for what it does not know.
func classify(stderr, stdout string) *Error {
	for _, c := range complaints() {
		if match := c.pattern.FindStringSubmatch(stderr); match != nil {
			return &Error{Kind: c.kind, Detail: c.explain(match, stderr, stdout)}
		}
	}
	return nil
}

func wholeMatch(match []string, _, _ string) string {
	return strings.TrimPrefix(strings.TrimSpace(match[0]), "E: ")
}

func explainFetch(match []string, _, _ string) string {
	return fmt.Sprintf("%s: %s", match[1], strings.TrimSpace(match[2]))
}

func explainSignature(match []string, _, _ string) string {
	return fmt.Sprintf("%s: %s; check the key that the repository is described with", match[1], strings.TrimSpace(match[2]))
}

// explainScript adds the last lines that the script printed before dpkg gave up.
func explainScript(match []string, stderr, _ string) string {
	before, _, _ := strings.Cut(stderr, match[0])
	lines := strings.Split(strings.TrimSpace(before), "\n")
	if len(lines) > 5 {
		lines = lines[len(lines)-5:]
	}
	detail := fmt.Sprintf("%s: %s", match[1], strings.TrimSpace(match[2]))
	if said := strings.TrimSpace(strings.Join(lines, "\n  ")); said != "" {
		detail += "; it printed:\n  " + said
	}
	return detail
}

// explainBroken adds the dependencies, which apt prints as output and not as
// an error.
func explainBroken(match []string, stderr, stdout string) string {
	detail := wholeMatch(match, "", "")
	_, unmet, found := strings.Cut(stdout+stderr, "unmet dependencies:\n")
	if !found {
		return detail
	}
	var lines []string
	for line := range strings.Lines(unmet) {
		if !strings.HasPrefix(line, " ") {
			break
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	return strings.Join(lines, "; ")
}
