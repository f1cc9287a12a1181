//go:build cluster

package e2e

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// facts are what is the case on a machine, by name.
type facts map[string]string

// exception is what may differ between two looks at a machine, and why. A star in the pattern stands for anything.
type exception struct{ pattern, why string }

func (e exception) covers(name string) bool {
	pattern := strings.ReplaceAll(regexp.QuoteMeta(e.pattern), `\*`, ".*")
	return regexp.MustCompile("^" + pattern + "$").MatchString(name)
}

// diff lists what differs, less the exceptions.
func (before facts) diff(after facts, except ...exception) []string {
	var out []string
	names := maps.Clone(before)
	maps.Copy(names, after)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		was, is := before[name], after[name]
		if was == is || slices.ContainsFunc(except, func(e exception) bool { return e.covers(name) }) {
			continue
		}
		out = append(out, fmt.Sprintf("%s: was %q, is %q", name, was, is))
	}
	return out
}

// wantSame fails the test when something differs.
func wantSame(t *testing.T, what string, before, after facts, except ...exception) {
	t.Helper()
	if differs := before.diff(after, except...); len(differs) > 0 {
		t.Errorf("%s: %d things differ:\n  %s", what, len(differs), strings.Join(differs, "\n  "))
	}
}

// look takes in a machine: files (kind, mode, owner, link target, content), installed packages and holds, the state of unit
// files, running units, and the sysctls that are the machine's own.
func (m machine) look(t *testing.T) facts {
	t.Helper()
	const script = `
		find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /var/lib/hostler \) -prune -o -printf 'file %p\t%y %m %U:%G %l\n'
		find /usr -xdev -type f -printf 'size of %p\t%s\n'
		find /etc /opt /root /var/lib/dpkg/info /var/lib/apt/extended_states -xdev -type f -print0 2>/dev/null | xargs -0 sha256sum | sed 's/^\([0-9a-f]*\)  \(.*\)$/content \2\t\1/'
		if command -v dpkg-query >/dev/null; then dpkg-query -W -f 'package ${Package}\t${Version} ${Status}\n'
		else rpm -qa --queryformat 'package %{NAME}\t%{EVR}\n'; fi
		systemctl list-unit-files --no-legend --plain | awk '{print "unit-file " $1 "\t" $2}'
		systemctl list-units --no-legend --plain --state=active --type=service,socket,timer | awk '{print "active " $1 "\t" $4}'
		systemctl list-units --no-legend --plain --state=failed | awk '{print "failed " $1 "\tfailed"}'
		sysctl -a 2>/dev/null | sed -n '/nf_conntrack_count/d; s/^\(net\.[^ ]*\) = /sysctl \1\t/p'`
	return readFacts(m.shell(t, script))
}

// touched is when each file was last changed. Somebody who wrote what was there already is seen by it.
func (m machine) touched(t *testing.T) facts {
	t.Helper()
	return readFacts(m.shell(t, `find / -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /var/log -o -path /var/lib/systemd \) -prune -o -printf 'time of %p\t%T@ %C@\n'`))
}

func readFacts(out string) facts {
	found := facts{}
	for line := range strings.Lines(out) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		found[name] = value
	}
	return found
}

// lives tells each start of each service, socket and timer from the next: systemd gives a new invocation id to each.
func (m machine) lives(t *testing.T) facts {
	t.Helper()
	properties := []string{"Id", "ActiveState", "InvocationID", "MainPID", "ActiveEnterTimestampMonotonic"}
	out := m.output(t, "systemctl", "show", "*", "--type=service,socket,timer", "--property="+strings.Join(properties, ","))
	found := facts{}
	for block := range strings.SplitSeq(out, "\n\n") {
		unit := map[string]string{}
		for line := range strings.Lines(block) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			unit[name] = value
		}
		found[unit["Id"]] = fmt.Sprintf("%s %s %s %s", unit["ActiveState"], unit["InvocationID"], unit["MainPID"], unit["ActiveEnterTimestampMonotonic"])
	}
	return found
}

// leftovers are temporary files that hostler should have removed.
func (m machine) leftovers(t *testing.T) string {
	t.Helper()
	return m.shell(t, `find / -xdev -name '*.hostler-tmp' -not -path '/proc/*'`)
}
