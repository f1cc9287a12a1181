package sysctl

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strconv"

	"github.com/hostler-dev/hostler/steps/host"
)

// Profile names a set of values that hostler brings along. The empty Profile is Unmanaged.
type Profile string

// The profiles.
const (
	// Unmanaged adds nothing to the Spec's own values.
	Unmanaged Profile = "Unmanaged"
	// Kubernetes is what a node of a cluster needs; see KubernetesEntries.
	Kubernetes Profile = "Kubernetes"
)

// Size is what values may grow with.
type Size struct {
	// CPUs is the number of processors; 0: not known, as of an image.
	CPUs int
}

// Entry is one value of a profile, with its reason.
type Entry struct {
	Key Key
	// Also are other names of the same value: who sets one of them has set this.
	Also []Key
	// Value is what is set. Of entries with Scale it is what the value is never below.
	Value string
	// Scale computes the value from the size of the machine, and Formula says how. An entry
	// with Scale is left out where the size is not known.
	Scale   func(Size) int64
	Formula string
	// AtLeast means that the value is a limit, and a host that has a higher one keeps it.
	AtLeast bool
	// Module brings the key; it is one of ProfileModules. Without one, a key that the
	// running kernel lacks is left out.
	Module string
	// Rare keys exist on few kernels. They are kept only where the running kernel has them.
	Rare bool
	// IPv6 entries are for nodes whose pods have IPv6 addresses.
	IPv6 bool
	// Why is the reason for the key, and for the value where others have another one.
	Why string
	// Source is where the value comes from.
	Source string
}

// entries are the profile's, without those that the Spec sets itself.
func (s Spec) entries(own []setting) []Entry {
	if s.Profile != Kubernetes {
		return nil
	}
	named := map[Key]bool{}
	for _, set := range own {
		named[set.key] = true
	}
	return slices.DeleteFunc(KubernetesEntries(), func(e Entry) bool {
		return named[e.Key] || slices.ContainsFunc(e.Also, func(k Key) bool { return named[k] }) ||
			e.IPv6 && !s.IPv6 || e.Scale != nil && s.Size.CPUs < 1
	})
}

// planned are the Spec's own values and those of its profile that this host can have, in the order
// in which they are to be written.
func (s Spec) planned(v host.View) ([]setting, error) {
	own, err := s.settings()
	if err != nil {
		return nil, err
	}
	all, errs := slices.Clone(own), []error(nil)
	written, elsewhere := writtenValues(v)
	for _, entry := range s.entries(own) {
		live, present, err := lookAt(v, entry)
		if err != nil {
			errs = append(errs, err)
		}
		if !present {
			continue
		}
		value, least := entry.value(s.Size), int64(0)
		if entry.AtLeast {
			least = limit(value)
			value = keptLimit(least, written[entry.Key], live, elsewhere[entry.Key])
		}
		all = append(all, setting{key: entry.Key, value: value, profile: true, atLeast: entry.AtLeast, least: least})
	}
	slices.SortFunc(all, func(a, b setting) int {
		return cmp.Or(cmp.Compare(rank(a.key), rank(b.key)), cmp.Compare(a.key, b.key))
	})
	return all, errors.Join(errs...)
}

func (e Entry) value(size Size) string {
	if e.Scale == nil {
		return e.Value
	}
	return strconv.FormatInt(max(limit(e.Value), e.Scale(size)), 10)
}

// lookAt returns the value of now, and whether the profile counts the entry on this host: it has the
// key, or will have it once the entry's module is loaded.
func lookAt(v host.View, e Entry) (live string, present bool, err error) {
	if !v.Live() {
		return "", !e.Rare, nil
	}
	live, err = v.Sysctl(string(e.Key))
	if !errors.Is(err, host.ErrNoSysctl) {
		return live, err == nil, err
	}
	if e.Module == "" {
		return "", false, nil
	}
	state, err := v.Module(e.Module)
	return "", err == nil && state == host.ModuleAbsent, err
}

// writtenValues returns what File sets, and what is set by all other files together. Files that cannot
// be read say nothing here; where they matter, Plan warns of them.
func writtenValues(v host.Files) (ours, others map[Key]string) {
	lines, _ := linesAfter(v, "")
	ours, others = map[Key]string{}, map[Key]string{}
	for _, l := range lines {
		switch {
		case l.excludes:
		case l.file == File:
			ours[l.key] = l.value
		default:
			others[l.key] = l.value
		}
	}
	return ours, others
}

// keptLimit is what File says of a limit that must be at least so high. A limit that is
// enough and in File already stays, because what others do to the running kernel
// (kube-proxy raises conntrack's) is not ours to follow. One that is new there
// is no lower than what the host has without us: its kernel's choice, which grows with
// memory, or another file's.
func keptLimit(least int64, kept, live, elsewhere string) string {
	if limit(kept) >= least {
		return kept
	}
	return strconv.FormatInt(max(least, limit(live), limit(elsewhere)), 10)
}

// limit reads a number, and 0 from what is none.
func limit(value string) int64 {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// ProfileModules are the kernel modules that the profile's keys come with, and overlay, without
// which containers have no file system. They must be loaded before the step runs.
func ProfileModules(p Profile) []string {
	if p != Kubernetes {
		return nil
	}
	modules := map[string]bool{"overlay": true}
	for _, entry := range KubernetesEntries() {
		if entry.Module != "" {
			modules[entry.Module] = true
		}
	}
	return slices.Sorted(maps.Keys(modules))
}
