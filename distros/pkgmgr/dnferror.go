package pkgmgr

import (
	"errors"
	"regexp"
	"strings"
	"sync"

	"github.com/hostler-dev/hostler/steps/host"
)

// dnfError understands what dnf printed when a command failed. What it does not know
// it leaves as it is, with the last lines of standard error.
func dnfError(err error, out host.Output) error {
	if err == nil {
		return nil
	}
	said := string(out.Stderr) + "\n" + string(out.Stdout)
	var failed *host.CommandError
	if errors.As(err, &failed) && len(out.Stderr) == 0 {
		said = failed.Stderr + "\n" + said
	}
	for _, c := range dnfComplaints() {
		if match := c.pattern.FindStringSubmatch(said); match != nil {
			return &Error{Kind: c.kind, Detail: c.explain(match, said, ""), Err: err}
		}
	}
	return err
}

// dnfComplaints are the sentences of dnf 4.14 and of rpm 4.18 beneath it, and those
// that yum and dnf 5 are known to print, in the order of what explains most.
var dnfComplaints = sync.OnceValue(func() []complaint {
	return []complaint{
		{ErrDiskFull, regexp.MustCompile(`(?m)^.*(?:No space left on device|needs .* more space on the .* filesystem|At least .* more space needed on the|Curl error \(23\)).*$`), dnfLine},
		{ErrLocked, regexp.MustCompile(`(?m)^.*(?:already locked by \d+|[Cc]an't create transaction lock|Failed to obtain the transaction lock|Existing lock .*: another copy is running|Another app is currently holding the yum lock).*$`), dnfLine},
		// Beside what the script printed, in standard output, before what dnf makes of it.
		{ErrMaintainerScript, regexp.MustCompile(`(?m)^.*%\w+\(\S+\) scriptlet failed.*$`), dnfScript},
		{ErrMaintainerScript, regexp.MustCompile(`(?m)^.*Error in \S+ scriptlet in rpm package.*$`), dnfLine},
		{ErrDigest, regexp.MustCompile(`(?m)^.*(?:Checksum doesn't match|checksum doesn't match|has incorrect checksum|Metadata file does not match checksum).*$`), dnfLine},
		{ErrSignature, regexp.MustCompile(`(?m)^.*(?:is not signed|GPG check FAILED|GPG keys listed for|Public key for \S+ is not installed|repomd\.xml GPG signature verification error|Couldn't read a file:// file for file://\S+|[Ff]ailed to (?:retrieve|read) .*[Kk]ey).*$`), dnfSignature},
		{ErrUnreachable, regexp.MustCompile(`(?m)^.*(?:Failed to download metadata for repo|Cannot retrieve repository metadata|Cannot download repomd\.xml|no cache for|Some packages have invalid cache|Error downloading packages|No more mirrors to try|All mirrors were (?:already )?tried|Could not resolve host|Cannot retrieve metalink).*$`), dnfUnreachable},
		{ErrSource, regexp.MustCompile(`(?m)^.*(?:Parsing file .* failed|File contains (?:no section headers|parsing errors)|Cannot find a valid baseurl|Invalid configuration value).*$`), dnfLine},
		{ErrNoPackage, regexp.MustCompile(`(?m)^.*(?:Unable to find a match: .*|No package (\S+) available|No match for argument: .*|No matching [Pp]ackages to list).*$`), dnfLine},
		{ErrBroken, regexp.MustCompile(`(?m)^(?:Error: ?\n? ?Problem.*|.*(?:nothing provides|conflicts with|cannot install (?:both|the best)|Requires: ).*|Failed to resolve the transaction.*)$`), dnfBroken},
	}
})

func dnfLine(match []string, _, _ string) string {
	return strings.TrimPrefix(strings.TrimSpace(match[0]), "Error: ")
}

func dnfSignature(match []string, _, _ string) string {
	return dnfLine(match, "", "") + "; check the key that the repository is described with"
}

// dnfUnreachable adds what curl said, which names the address.
func dnfUnreachable(match []string, said, _ string) string {
	detail := dnfLine(match, "", "")
	for line := range strings.Lines(said) {
		if at := strings.Index(line, "Curl error"); at >= 0 {
			return detail + "; " + strings.TrimSpace(line[at:])
		}
	}
	return detail
}

// dnfScript adds the lines around the failure, in which the script speaks.
func dnfScript(match []string, said, _ string) string {
	before, _, _ := strings.Cut(said, match[0])
	lines := strings.Split(strings.TrimSpace(before), "\n")
	if len(lines) > 3 {
		lines = lines[len(lines)-3:]
	}
	return dnfLine(match, "", "") + "; before it:\n  " + strings.TrimSpace(strings.Join(lines, "\n  "))
}

// dnfBroken adds the lines in which dnf explains the problem.
func dnfBroken(match []string, said, _ string) string {
	_, after, _ := strings.Cut(said, match[0])
	detail := strings.Join(strings.Fields(dnfLine(match, "", "")), " ")
	for line := range strings.Lines(strings.TrimPrefix(after, "\n")) {
		if !strings.HasPrefix(line, "  -") {
			break
		}
		detail += "; " + strings.TrimPrefix(strings.TrimSpace(line), "- ")
	}
	return detail
}
