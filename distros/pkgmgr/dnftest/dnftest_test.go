package dnftest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/distros/pkgmgr/dnftest"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

const format = `%{name}\t%{epoch}:%{version}-%{release}\t%{arch}\n`

var (
	common = dnftest.Package{Name: "hostler-demo-common", Version: "1.0-1"}
	demo10 = dnftest.Package{Name: "hostler-demo", Version: "1.0-1", Requires: []string{"hostler-demo-common"}}
	demo11 = dnftest.Package{Name: "hostler-demo", Version: "1.1-1", Requires: []string{"hostler-demo-common"}}
	demo20 = dnftest.Package{Name: "hostler-demo", Version: "2.0-1", Fails: "hostler-demo: this version cannot be installed"}
	away   = dnftest.Repository{ID: "away", Source: "/etc/yum.repos.d/away.repo"}
	demo   = dnftest.Repository{ID: "rpm-demo", Packages: []dnftest.Package{common, demo10, demo11, demo20}}
)

// sentences are the lines of an output that do not hang on addresses, times and sizes.
func sentences(text string) []string {
	var kept []string
	for line := range strings.Lines(strings.ReplaceAll(text, "noarch", dnftest.Arch)) {
		line = strings.TrimSpace(line)
		fields := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "Last metadata"), strings.HasPrefix(line, "Added "), strings.HasPrefix(line, "Error opening"), strings.HasPrefix(line, "="):
		case strings.HasSuffix(line, ":"), strings.HasPrefix(line, "Error"), strings.HasPrefix(line, "error"),
			strings.HasPrefix(line, "Package \""), strings.HasPrefix(line, "No match"),
			strings.HasSuffix(line, "aborted."), strings.Contains(line, "\t"), strings.Contains(line, "cannot be"):
			kept = append(kept, line)
		case len(fields) > 4 && fields[1] == dnftest.Arch: // of a table
			kept = append(kept, strings.Join(fields[:3], " "))
		}
	}
	return kept
}

// TestDnfSpeaksAsRecorded holds the words of the dnf in memory to those of the real one.
func TestDnfSpeaksAsRecorded(t *testing.T) {
	t.Parallel()
	installed := []dnftest.Package{demo10, common}
	on := func(packages []dnftest.Package, more ...hosttest.Option) *hosttest.Fake {
		return hosttest.New(append([]hosttest.Option{dnftest.EL9.Host(packages, demo, away)}, more...)...)
	}
	simulation := []string{"dnf", "--assumeno", "-C", "--setopt=exit_on_lock=1", "--setopt=*.skip_if_unavailable=1"}
	for file, c := range map[string]struct {
		host *hosttest.Fake
		argv []string
	}{
		"simulate-install": {on(nil), append(simulation, "install", "hostler-demo-1.0-1")},
		"simulate-upgrade": {on(installed), append(simulation, "install", "hostler-demo-1.1")},
		"simulate-remove":  {on(installed), append(simulation, "remove", "hostler-demo-common")},
		"no-version":       {on(nil), append(simulation, "install", "hostler-demo-9.9")},
		"script":           {on(nil), []string{"dnf", "-y", "--setopt=exit_on_lock=1", "install", "hostler-demo-2.0"}},
		"not-cached":       {on(nil), []string{"dnf", "-y", "-C", "--setopt=exit_on_lock=1", "install", "hostler-demo-1.0"}},
		"no-cache": {on(nil, hosttest.File(away.Source, "[away]\n")), []string{"dnf", "-C", "--setopt=exit_on_lock=1",
			"repoquery", "--queryformat", format, "hostler-demo"}},
		"reasons": {on([]dnftest.Package{demo10, common}, dnftest.EL9.Auto("hostler-demo-common")), []string{"dnf", "-q", "-C", "--setopt=exit_on_lock=1",
			"repoquery", "--installed", "--queryformat", `%{name}\t%{reason}\n`}},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			recorded, err := os.ReadFile(filepath.Join("..", "testdata", "dnf", file+".txt"))
			if err != nil {
				t.Fatal(err)
			}
			stdout, stderr, _ := strings.Cut(string(recorded), "--- stderr ---\n")
			stdout = strings.Replace(stdout, "bash\tunknown\n\n", "", 1)
			out, _ := c.host.Run(t.Context(), host.Command{Argv: c.argv})
			if diff := cmp.Diff(sentences(stdout), sentences(string(out.Stdout))); diff != "" {
				t.Errorf("standard output (-recorded +fake):\n%s", diff)
			}
			if diff := cmp.Diff(sentences(stderr), sentences(string(out.Stderr))); diff != "" {
				t.Errorf("standard error (-recorded +fake):\n%s", diff)
			}
		})
	}
}

// TestYumReadsItsOwnListOfLocks: of the form that dnf has, yum makes nothing.
func TestYumReadsItsOwnListOfLocks(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"0:hostler-demo-1.0-1.*\n": "1.0-1", "hostler-demo-0:1.0-1.*\n": "1.1-1", "!0:hostler-demo-1.1-1.*\n": "1.0-1",
	} {
		offers := dnftest.Repository{ID: "demo", Packages: []dnftest.Package{common, demo10, demo11}}
		f := hosttest.New(dnftest.EL7.Host(nil, offers), hosttest.File(dnftest.EL7.LockList, line))
		if _, err := f.Run(t.Context(), host.Command{Argv: []string{"yum", "-y", "--setopt=exit_on_lock=1", "install", "hostler-demo"}}); err != nil {
			t.Fatal(err)
		}
		out, err := f.Run(t.Context(), host.Command{Argv: []string{"yum", "-q", "-C", "list", "--setopt=exit_on_lock=1", "all", "hostler-demo"}})
		installed, _, _ := strings.Cut(string(out.Stdout), "Available")
		if err != nil || !strings.Contains(installed, want) {
			t.Errorf("%q: got %q, %v want version %s", line, installed, err, want)
		}
	}
}
