//go:build node

package sysctl

import (
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps/host"
)

// This test writes to the folders of sysctl.d(5) and runs systemd-sysctl, so it runs only in a node of the
// test bed: test/e2e builds it with -tags node, and runs the binary there.

// judged are keys of the node's own network namespace, each with a conflict of its own. File says ours for all of them;
// want is what systemd-sysctl must make of it, which is what conflicts must expect.
var judged = []struct {
	key, want, why string
}{
	{"net.ipv4.tcp_keepalive_time", "21", "a later name wins, in whatever folder"},
	{"net.ipv4.tcp_keepalive_intvl", ours, "an earlier name loses, in whatever folder"},
	{"net.ipv4.tcp_keepalive_probes", ours, "a file is replaced by one of the same name in a better folder"},
	{"net.ipv4.tcp_fin_timeout", ours, "a link to /dev/null switches a file off"},
	{"net.ipv4.tcp_syn_retries", before, "a later exclusion keeps the key from being set"},
	{"net.ipv4.tcp_synack_retries", ours, "a later pattern gives way to a key named in full"},
	{"net.ipv4.tcp_retries2", "22", "slashes are dots"},
	{"net.ipv4.tcp_orphan_retries", "23", "a dash before an assignment is no exclusion"},
	{"net.ipv4.tcp_reordering", "25", "the last line of a file wins"},
	{"net.ipv4.ip_default_ttl", "26", "a link to a file elsewhere is read"},
	{"net.ipv4.tcp_retries1", ours, "hidden files and other suffixes are not read"},
}

const (
	before = "12" // what the kernel has before
	ours   = "13"
)

// conflicting are the files beside ours; "->" makes a link.
var conflicting = map[string]string{
	"/usr/lib/sysctl.d/99-hostlertest-name.conf":       "net.ipv4.tcp_keepalive_time = 21\n",
	"/etc/sysctl.d/50-hostlertest-name.conf":           "net.ipv4.tcp_keepalive_time = 30\nnet.ipv4.tcp_keepalive_intvl = 30\n",
	"/usr/lib/sysctl.d/95-hostlertest-replaced.conf":   "net.ipv4.tcp_keepalive_probes = 30\n",
	"/run/sysctl.d/95-hostlertest-replaced.conf":       "# nothing\n",
	"/usr/lib/sysctl.d/95-hostlertest-masked.conf":     "net.ipv4.tcp_fin_timeout = 30\n",
	"/etc/sysctl.d/95-hostlertest-masked.conf":         "->/dev/null",
	"/usr/local/lib/sysctl.d/96-hostlertest-more.conf": "-net.ipv4.tcp_syn_retries\nnet.ipv4.tcp_synack_retrie* = 30\nnet/ipv4/tcp_retries2 = 22\n-net.ipv4.tcp_orphan_retries=23\n",
	"/etc/sysctl.d/97-hostlertest-twice.conf":          "net.ipv4.tcp_reordering = 24\n; net.ipv4.tcp_reordering = 30\n\tnet.ipv4.tcp_reordering=25\n",
	"/etc/hostlertest.conf":                            "net.ipv4.ip_default_ttl = 26\n",
	"/etc/sysctl.d/98-hostlertest-link.conf":           "->../hostlertest.conf",
	"/etc/sysctl.d/.99-hostlertest-hidden.conf":        "net.ipv4.tcp_retries1 = 30\n",
	"/etc/sysctl.d/99-hostlertest-suffix.conf.bak":     "net.ipv4.tcp_retries1 = 30\n",
}

// TestNodePrecedence holds what conflicts says against the real systemd-sysctl and the kernel.
func TestNodePrecedence(t *testing.T) {
	h := node(t)
	var settings []setting
	for _, j := range judged {
		settings = append(settings, setting{key: Key(j.key), value: ours})
	}
	writeFiles(t, map[string]string{File: string(render(settings))})
	writeFiles(t, conflicting)

	t.Run("reads the files that systemd-sysctl reads, in its order", func(t *testing.T) {
		files, errs := configFiles(h)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		var got []string
		for _, name := range slices.Sorted(maps.Keys(files)) {
			if content, err := readConfig(h, files[name]); err != nil {
				t.Fatal(err)
			} else if len(content) > 0 {
				got = append(got, files[name])
			}
		}
		if diff := cmp.Diff(catConfig(t, h), got); diff != "" {
			t.Errorf("files (-systemd-sysctl +ours):\n%s", diff)
		}
	})

	t.Run("expects what systemd-sysctl makes the kernel say", func(t *testing.T) {
		later, err := linesAfter(h, path.Base(File))
		if err != nil {
			t.Fatal(err)
		}
		expected := map[Key]string{}
		for _, s := range settings {
			expected[s.key] = s.value
		}
		for _, c := range conflicts(settings, later) {
			expected[c.setting.key] = c.line.value
			if c.line.excludes {
				expected[c.setting.key] = before
			}
		}
		var prefixes []string
		for _, j := range judged {
			keep(t, h, j.key)
			prefixes = append(prefixes, "--prefix="+strings.ReplaceAll(j.key, ".", "/"))
		}
		// Its exit code tells of patterns that match nothing, too; the kernel is asked what came of it.
		out, _ := exec.CommandContext(t.Context(), systemdSysctl(t), prefixes...).CombinedOutput()
		for _, j := range judged {
			live, err := h.Sysctl(j.key)
			if err != nil {
				t.Fatal(err)
			}
			if live != j.want || expected[Key(j.key)] != live {
				t.Errorf("%s: kernel says %q, we expect %q, want %q: %s\n%s", j.key, live, expected[Key(j.key)], j.want, j.why, out)
			}
		}
	})
}

// node is the machine that the test runs on.
func node(t *testing.T) *host.OS {
	t.Helper()
	if _, err := os.Stat("/etc/testbed"); err != nil {
		t.Fatalf("this is no node of the test bed, and its kernel parameters are to be kept: %v", err)
	}
	h, err := host.Open("/", host.Options{StateDir: filepath.Join(t.TempDir(), "state")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

// keep sets a key to before, and gives it back at the end.
func keep(t *testing.T, h *host.OS, key string) {
	t.Helper()
	original, err := h.Sysctl(key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.SetSysctl(key, original); err != nil {
			t.Error(err)
		}
	})
	if err := h.SetSysctl(key, before); err != nil {
		t.Fatal(err)
	}
}

func writeFiles(t *testing.T, files map[string]string) {
	t.Helper()
	for name, content := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Remove(name) })
		target, isLink := strings.CutPrefix(content, "->")
		err := os.WriteFile(name, []byte(content), 0o644)
		if isLink {
			_ = os.Remove(name)
			err = os.Symlink(target, name)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func systemdSysctl(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"/usr/lib/systemd/systemd-sysctl", "/lib/systemd/systemd-sysctl"} {
		if _, err := os.Stat(name); err == nil {
			return name
		}
	}
	t.Fatal("there is no systemd-sysctl")
	return ""
}

// heading is the line that comes before each file; of a link it may name the file behind it, too.
var heading = regexp.MustCompile(`^# (/\S+\.conf)( -> \S+)?$`)

// catConfig lists the files with contents that systemd-sysctl --cat-config prints.
func catConfig(t *testing.T, h *host.OS) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), systemdSysctl(t), "--cat-config", "--no-pager").Output()
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for text := range strings.Lines(string(out)) {
		found := heading.FindStringSubmatch(strings.TrimRight(text, "\n"))
		if found == nil {
			continue
		}
		if content, err := readConfig(h, found[1]); err == nil && len(content) > 0 {
			files = append(files, found[1])
		}
	}
	if len(files) < len(conflicting)/2 {
		t.Fatalf("found %d files in what systemd-sysctl --cat-config prints, want all of ours:\n%s", len(files), out)
	}
	return files
}
