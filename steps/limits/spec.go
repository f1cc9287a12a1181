package limits

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Unlimited is a limit that there is none.
const Unlimited = -1

// Spec is the wish. No limits mean no files.
type Spec struct {
	Limits []Limit
	// SystemdVersion is systemd's major version; 0: not known, which is taken for a
	// present one.
	SystemdVersion int
}

// Limit is one limit, in the units of limits.conf(5).
type Limit struct {
	// Item is one of core, fsize, memlock, stack (KiB), nofile, nproc.
	Item string
	// Soft is what a process starts with, at most Hard, up to which it may go by
	// itself.
	Soft, Hard int64
}

// kib is the unit in which limits.conf(5) counts sizes.
const kib = 1024

// unitOf is what one of each item is for systemd: bytes of sizes, or one.
var unitOf = map[string]int64{"core": kib, "fsize": kib, "memlock": kib, "stack": kib, "nofile": 1, "nproc": 1}

// soonestPair is the systemd that takes SOFT:HARD (systemd/systemd#1769, asked for
// in 228's time and in the release after it). Older ones take one value for both.
const soonestPair = 229

// soonestReload is the systemd that reads its defaults at a daemon-reload.
const soonestReload = 223

// nrOpen is the kernel's own fs.nr_open, 1024*1024 (Documentation/admin-guide/sysctl/fs.rst).
const nrOpen = 1 << 20

// Check reports everything that is wrong with the Spec itself, joined.
func (s Spec) Check() error {
	var errs []error
	seen := map[string]bool{}
	for _, l := range s.Limits {
		fail := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("operatingSystem.limits[%s]: %w", l.Item, fmt.Errorf(format, args...)))
		}
		unit, known := unitOf[l.Item]
		switch {
		case !known:
			fail("not one of core, fsize, memlock, nofile, nproc, stack")
		case seen[l.Item]:
			fail("it comes twice: keep one")
		case l.Soft < Unlimited || l.Hard < Unlimited:
			fail("%d and %d: less than -1, which is unlimited", l.Soft, l.Hard)
		case l.Hard != Unlimited && (l.Soft == Unlimited || l.Soft > l.Hard):
			fail("soft %s is more than hard %s", name(l.Soft), name(l.Hard))
		case max(l.Soft, l.Hard) > (1<<63-1)/unit:
			fail("%d KiB are more than a kernel counts: use -1", max(l.Soft, l.Hard))
		}
		seen[l.Item] = true
	}
	return errors.Join(errs...)
}

func name(value int64) string {
	if value == Unlimited {
		return "unlimited"
	}
	return strconv.FormatInt(value, 10)
}

// sorted gives the files one order, whatever that of the wish.
func (s Spec) sorted() []Limit {
	return slices.SortedFunc(slices.Values(s.Limits), func(a, b Limit) int { return strings.Compare(a.Item, b.Item) })
}

// sessions is the body of the file for pam_limits. The wildcard does not stand for
// root (limits.conf(5)), so root has lines of its own.
func (s Spec) sessions() []byte {
	var b strings.Builder
	for _, l := range s.sorted() {
		for _, domain := range []string{"*", "root"} {
			fmt.Fprintf(&b, "%s soft %s %s\n%s hard %s %s\n", domain, l.Item, l.session(l.Soft), domain, l.Item, l.session(l.Hard))
		}
	}
	return []byte(b.String())
}

func (l Limit) session(value int64) string {
	if l.Item == "nofile" && value == Unlimited {
		return strconv.Itoa(nrOpen)
	}
	return name(value)
}

// keys are systemd's names of the limits.
func (s Spec) keys() []string {
	var keys []string
	for _, l := range s.sorted() {
		keys = append(keys, "DefaultLimit"+strings.ToUpper(l.Item))
	}
	return keys
}

// services is the body of the files for systemd's managers.
func (s Spec) services() []byte {
	if len(s.Limits) == 0 {
		return nil
	}
	var b strings.Builder
	b.WriteString("[Manager]\n")
	keys := s.keys()
	for i, l := range s.sorted() {
		value := l.service(l.Hard)
		if l.Soft != l.Hard && s.takesPairs() {
			value = l.service(l.Soft) + ":" + value
		}
		fmt.Fprintf(&b, "%s=%s\n", keys[i], value)
	}
	return []byte(b.String())
}

func (l Limit) service(value int64) string {
	if value == Unlimited {
		return "infinity"
	}
	return strconv.FormatInt(value*unitOf[l.Item], 10)
}

func (s Spec) takesPairs() bool { return s.SystemdVersion == 0 || s.SystemdVersion >= soonestPair }
