package sysctl

import (
	"errors"
	"path"
	"strings"
	"testing"
)

func TestParseKey(t *testing.T) {
	t.Parallel()
	for spelling, want := range map[string]struct{ key, path string }{
		"vm.swappiness":                        {"vm.swappiness", "/proc/sys/vm/swappiness"},
		"vm/swappiness":                        {"vm.swappiness", "/proc/sys/vm/swappiness"},
		"net.ipv4.conf.eth0/100.rp_filter":     {"net.ipv4.conf.eth0/100.rp_filter", "/proc/sys/net/ipv4/conf/eth0.100/rp_filter"},
		"net/ipv4/conf/eth0.100/rp_filter":     {"net.ipv4.conf.eth0/100.rp_filter", "/proc/sys/net/ipv4/conf/eth0.100/rp_filter"},
		"net.bridge.bridge-nf-call-iptables":   {"net.bridge.bridge-nf-call-iptables", "/proc/sys/net/bridge/bridge-nf-call-iptables"},
		"net.ipv4.conf.en@x+1:2.forwarding":    {"net.ipv4.conf.en@x+1:2.forwarding", "/proc/sys/net/ipv4/conf/en@x+1:2/forwarding"},
		"net/ipv6/conf/eth0.100.200/accept_ra": {"net.ipv6.conf.eth0/100/200.accept_ra", "/proc/sys/net/ipv6/conf/eth0.100.200/accept_ra"},
	} {
		t.Run("reads "+spelling, func(t *testing.T) {
			t.Parallel()
			key, err := ParseKey(spelling)
			if err != nil {
				t.Fatal(err)
			}
			if string(key) != want.key || key.Path() != want.path {
				t.Errorf("got %q at %q, want %q at %q", key, key.Path(), want.key, want.path)
			}
		})
	}

	for name, bad := range map[string]string{
		"nothing":                  "",
		"one part":                 "swappiness",
		"an empty part":            "vm..swappiness",
		"a separator at the end":   "vm.swappiness.",
		"a separator at the start": ".vm.swappiness",
		"a path from the root":     "/vm/swappiness",
		"a way up":                 "vm/../kernel/panic",
		"a way up with dots":       "net.//.panic",
		"a dot as a part":          "vm/./swappiness",
		"a star":                   "net.ipv4.conf.*.rp_filter",
		"a question mark":          "net.ipv4.conf.eth?.rp_filter",
		"a bracket":                "net.ipv4.conf.eth[01].rp_filter",
		"an exclusion":             "-vm.swappiness",
		"an assignment":            "vm.swappiness=1",
		"a comment":                "#vm.swappiness",
		"a blank":                  "vm. swappiness",
		"a newline":                "vm.swappiness\nkernel.panic",
		"a NUL":                    "vm.swap\x00piness",
		"bytes that are no text":   "vm.swap\xffpiness",
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			if key, err := ParseKey(bad); !errors.Is(err, ErrKey) {
				t.Errorf("got %q, %v for %q, want ErrKey", key, err, bad)
			}
		})
	}
}

func FuzzParseKey(f *testing.F) {
	for _, seed := range []string{"vm.swappiness", "net/ipv4/conf/eth0.100/rp_filter", "a./.b", "../x", "a.b/c", "net.//.x", "-a.b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		key, err := ParseKey(s)
		if err != nil {
			return
		}
		if p := key.Path(); path.Clean(p) != p || !strings.HasPrefix(p, "/proc/sys/") {
			t.Errorf("%q leads to %q, which is not a clean path below /proc/sys", s, p)
		}
		if again, err := ParseKey(string(key)); err != nil || again != key {
			t.Errorf("the canonical form of %q, %q, reads as %q, %v", s, key, again, err)
		}
		if got := normalize(s); got != key {
			t.Errorf("a file's %q is %q, want %q", s, got, key)
		}
	})
}
