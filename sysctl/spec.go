package sysctl

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Spec is the wish.
type Spec struct {
	// Values holds values by key, in either spelling of sysctl.d(5). An empty
	// value is written as such, which clears keys that hold lists. No values at
	// all means that hostler keeps no file.
	Values map[string]string
	// Profile adds values that Values do not name.
	Profile Profile
	// Size is what the profile's values grow with.
	Size Size
	// IPv6 says that pods have IPv6 addresses.
	IPv6 bool
}

// setting is one checked value.
type setting struct {
	key   Key
	value string
	// profile: hostler wants it, and not the NodeGroup. What the host does not allow is no error then.
	profile bool
	// atLeast: the kernel may have any value from least on.
	atLeast bool
	least   int64
}

// holds tells whether a value that the kernel prints is as it should be.
func (s setting) holds(live string) bool {
	if s.atLeast {
		return limit(live) >= s.least
	}
	return Equal(s.value, live)
}

// holdsWritten tells whether a value that a file sets is as good as ours.
func (s setting) holdsWritten(value string) bool {
	return sameWish(s.value, value) || s.atLeast && limit(value) >= s.least
}

// Check reports everything that is wrong with the Spec itself, joined.
func (s Spec) Check() error {
	_, err := s.settings()
	return err
}

// settings returns the checked Values in the order in which they are to be
// written, and all errors.
func (s Spec) settings() ([]setting, error) {
	var errs []error
	if s.Profile != "" && s.Profile != Unmanaged && s.Profile != Kubernetes {
		errs = append(errs, fmt.Errorf("sysctl profile %q is not one of %s, %s", s.Profile, Kubernetes, Unmanaged))
	}
	spelled := map[Key]string{}
	var out []setting
	for _, spelling := range slices.Sorted(maps.Keys(s.Values)) {
		key, err := ParseKey(spelling)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		value, err := parseValue(s.Values[spelling])
		if err != nil {
			errs = append(errs, fmt.Errorf("sysctl %q: %w", spelling, err))
			continue
		}
		if other, twice := spelled[key]; twice {
			errs = append(errs, fmt.Errorf("sysctl %q and %q are the same key: remove one of them", other, spelling))
			continue
		}
		spelled[key] = spelling
		out = append(out, setting{key: key, value: value})
	}
	slices.SortFunc(out, func(a, b setting) int {
		return cmp.Or(cmp.Compare(rank(a.key), rank(b.key)), cmp.Compare(a.key, b.key))
	})
	return out, errors.Join(errs...)
}

// rank orders keys that change others when they are written: forwarding resets
// whole families (see resetBy), and "all" and "default" come before single
// interfaces, which then have the last word.
func rank(k Key) int {
	switch {
	case isForwardingSwitch(k):
		return 0
	case strings.Contains(string(k), ".all."):
		return 1
	case strings.Contains(string(k), ".default."):
		return 2
	}
	return 3
}

// The switches that make a host a router. Writing one is more than writing one
// value: kernel documentation, ip-sysctl.rst, and inet_forward_change and
// addrconf_fixup_forwarding in the kernel's source.
func isForwardingSwitch(k Key) bool {
	return k == "net.ipv4.ip_forward" || k == "net.ipv4.conf.all.forwarding" || k == "net.ipv6.conf.all.forwarding"
}

// resetBy tells whether the kernel changes key when the switch is written: the
// forwarding of each interface, and for IPv4 whether redirects are believed.
func resetBy(forwardingSwitch, key Key) bool {
	family := strings.Join(forwardingSwitch.parts()[:2], ".")
	conf := family + ".conf."
	if family == "net.ipv4" && key == "net.ipv4.conf.all.accept_redirects" {
		return true
	}
	return strings.HasPrefix(string(key), conf) && strings.HasSuffix(string(key), ".forwarding") && !isForwardingSwitch(key)
}
