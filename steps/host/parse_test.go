package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestSysctlPath(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"vm.swappiness":                    "vm/swappiness",
		"vm/swappiness":                    "vm/swappiness",
		"net.ipv4.conf.eth0/100.rp_filter": "net/ipv4/conf/eth0.100/rp_filter",
		"net/ipv4/conf/eth0.100/rp_filter": "net/ipv4/conf/eth0.100/rp_filter",
		"single":                           "single",
	} {
		if got, err := SysctlPath(key); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", key, got, err, want)
		}
	}
	for _, key := range []string{"", ".", "/", "a..b", "a.", ".a", "/a", "../x", "a/../b", "a./.b.c/"} {
		if got, err := SysctlPath(key); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("%q: got %q, %v, want ErrInvalid", key, got, err)
		}
	}
}

func TestParseSwaps(t *testing.T) {
	t.Parallel()
	const table = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n" +
		"/dev/sda2                               partition\t1048572\t\t0\t\t-2\n" +
		"/swap\\040file                           file\t\t1024\t\t0\t\t-3\n"
	if diff := cmp.Diff([]string{"/dev/sda2", "/swap file"}, parseSwaps(table)); diff != "" {
		t.Errorf("swaps (-want +got):\n%s", diff)
	}
	if got := parseSwaps("Filename\tType\n"); len(got) != 0 {
		t.Errorf("a table without swap: got %q, want none", got)
	}
}

func TestBuiltinModules(t *testing.T) {
	t.Parallel()
	listed := listedIn([]byte("kernel/net/bridge/br_netfilter.ko\nkernel/drivers/md/dm-mod.ko\n"))
	config := []byte("#\nCONFIG_BRIDGE_NETFILTER=y\nCONFIG_OVERLAY_FS=m\nCONFIG_IP_VS=y\n")
	for module, want := range map[string]bool{"br_netfilter": true, "dm_mod": true, "overlay": false, "netfilter": false} {
		if got := listed(module); got != want {
			t.Errorf("modules.builtin: %s: got %v, want %v", module, got, want)
		}
	}
	for module, want := range map[string]bool{"br_netfilter": true, "ip_vs": true, "ip": false, "overlay": false, "vs": false} {
		if got := configured(config, module); got != want {
			t.Errorf("configuration: %s: got %v, want %v", module, got, want)
		}
	}
}

func TestFindHolder(t *testing.T) {
	t.Parallel()
	table := []byte("1: POSIX  ADVISORY  WRITE 100 08:01:7 0 EOF\n" +
		"1: -> POSIX  ADVISORY  WRITE 101 08:01:7 0 EOF\n" +
		"2: FLOCK  ADVISORY  WRITE 200 00:2a:9 0 EOF\n" +
		"3: OFDLCK ADVISORY  READ -1 08:01:8 0 EOF\n" +
		"4: LEASE  ACTIVE    READ what\n")
	locks := parseLocks(table)
	want := []heldLock{{100, 8, 1, 7}, {200, 0, 0x2a, 9}, {-1, 8, 1, 8}}
	if diff := cmp.Diff(want, locks, cmp.AllowUnexported(heldLock{})); diff != "" {
		t.Errorf("locks (-want +got):\n%s", diff)
	}
	nobody := func(int, *unix.Stat_t) bool { return false }
	if pid, ok := findHolder(locks, &unix.Stat_t{Dev: unix.Mkdev(8, 1), Ino: 7}, nobody); pid != 100 || !ok {
		t.Errorf("by device and inode: got %d, %v, want 100", pid, ok)
	}
	overlay := &unix.Stat_t{Dev: unix.Mkdev(0, 99), Ino: 1234}
	if pid, ok := findHolder(locks, overlay, nobody); ok {
		t.Errorf("a file that nobody locks: got %d", pid)
	}
	holds := func(pid int, st *unix.Stat_t) bool { return pid == 200 && st == overlay }
	if pid, ok := findHolder(locks, overlay, holds); pid != 200 || !ok {
		t.Errorf("by descriptor: got %d, %v, want 200", pid, ok)
	}
}

func TestStartOf(t *testing.T) {
	t.Parallel()
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		t.Fatal(err)
	}
	if age := time.Since(startOf(stat)); age < 0 || age > time.Hour {
		t.Errorf("got an age of %v for this process", age)
	}
	tricky := "1 (a) b (c)) S 7 42 " + strings.Repeat("0 ", 30)
	if got := statFields([]byte(tricky)); got[0] != "S" || got[2] != "42" {
		t.Errorf("got fields %q, want them to begin after the last bracket", got)
	}
	if got := startOf([]byte("nonsense")); !got.IsZero() {
		t.Errorf("got %v, want the zero time", got)
	}
}

func TestCapped(t *testing.T) {
	t.Parallel()
	for _, chunk := range []int{1, 2, 3, 5, 7, 50, 100} {
		c := newCapped(10)
		all := []byte(strings.Repeat("0123456789", 5))
		for rest := all; len(rest) > 0; rest = rest[min(chunk, len(rest)):] {
			if n, err := c.Write(rest[:min(chunk, len(rest))]); err != nil || n != min(chunk, len(rest)) {
				t.Fatalf("chunks of %d: got %d, %v", chunk, n, err)
			}
		}
		if got, want := string(c.bytes()), "01234\n[40 bytes left out]\n56789"; got != want {
			t.Errorf("chunks of %d: got %q, want %q", chunk, got, want)
		}
	}
	c := newCapped(10)
	_, _ = c.Write([]byte("0123456789"))
	if got := string(c.bytes()); got != "0123456789" {
		t.Errorf("got %q, want all that fits", got)
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	for errno, want := range map[unix.Errno]string{
		unix.ENOSPC: "df -h", unix.EROFS: "read-only", unix.ELOOP: "namei",
	} {
		err := explain("writing", "/etc/x", fmt.Errorf("deep: %w", errno))
		if !errors.Is(err, errno) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `writing "/etc/x"`) {
			t.Errorf("%v: got %q, want the act, the path and %q", errno, err, want)
		}
		again := explain("restoring", "/etc/y", err)
		if strings.Count(again.Error(), want) != strings.Count(err.Error(), want) {
			t.Errorf("%v: got %q, want the way out once", errno, again)
		}
	}
	for _, errno := range []unix.Errno{unix.EPERM, unix.EACCES} {
		if err := explain("writing", "/etc/x", errno); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "root") {
			t.Errorf("%v: got %q, want ErrPermission and a word about root", errno, err)
		}
	}
}

func TestBusError(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]error{
		"org.freedesktop.DBus.Error.FileNotFound": fs.ErrNotExist,
		"org.freedesktop.DBus.Error.AccessDenied": fs.ErrPermission,
		"org.freedesktop.DBus.Error.FileExists":   fs.ErrExist,
	} {
		reply := dbus.Error{Name: name, Body: []any{"the reason"}}
		if got := busError(t.Context(), reply); !errors.Is(got, want) || !strings.Contains(got.Error(), "the reason") {
			t.Errorf("%s: got %v, want %v with the reason", name, got, want)
		}
	}
	unknown := dbus.Error{Name: "org.example.Other"}
	if got := busError(t.Context(), unknown); busErrorName(got) != unknown.Name {
		t.Errorf("got %v, want the error as it is", got)
	}
}
