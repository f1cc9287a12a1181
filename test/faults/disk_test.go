//go:build cluster

package faults

import (
	"fmt"
	"strings"
	"testing"
)

// twoFiles wishes for two files, so that there is something to take back when
// the second fails.
func twoFiles(second, content string) string {
	return fmt.Sprintf(`
operatingSystem:
  swap: Unmanaged
  files:
  - {path: /etc/first, content: first}
  - {path: %s, mode: "0640", content: %q}`, second, content)
}

func TestDiskFaults(t *testing.T) {
	t.Parallel()
	// Files come before containerd, so these runs fail before they install it.
	m := bare(t, "disk")
	large := strings.Repeat("0123456789abcdef", 20<<10) // 320 KiB
	for _, c := range []struct {
		name       string
		fault, end string // scripts that make it and take it away
		spec       string
		code       int
		want       []string
	}{
		{
			name:  "full while a file is written",
			fault: "mkdir /etc/full; mount -t tmpfs -o size=64k tmpfs /etc/full", end: "umount /etc/full; rmdir /etc/full",
			spec: twoFiles("/etc/full/large", large), code: 5,
			want: []string{`writing "/etc/full/large": `, "no space left on device", "make room", "Rolled back"},
		},
		{
			name:  "full while a file is replaced",
			fault: "mkdir /etc/full; mount -t tmpfs -o size=64k tmpfs /etc/full; echo old > /etc/full/large", end: "umount /etc/full; rmdir /etc/full",
			spec: twoFiles("/etc/full/large", large), code: 5,
			want: []string{`writing "/etc/full/large": `, "no space left on device", "make room", "Rolled back"},
		},
		{
			name:  "full when a run is to begin",
			fault: "mkdir -p /var/lib/hostler; mount -t tmpfs -o size=512k tmpfs /var/lib/hostler", end: "umount /var/lib/hostler",
			spec: twoFiles("/etc/second", "second"), code: 1,
			want: []string{"/var/lib/hostler/runs/1/journal", "no space left on device", "nothing was changed, make room"},
		},
		{
			name:  "no room for the old contents of a file, in mid-run",
			fault: "head -c 400k /dev/zero > /etc/second; mount -t tmpfs -o size=1200k tmpfs /var/lib/hostler",
			end:   "umount /var/lib/hostler; rm /etc/second",
			spec:  twoFiles("/etc/second", "second"), code: 5,
			want: []string{"file:/etc/second: ", `writing "/var/lib/hostler/blobs/`, "no space left on device", "make room", "Rolled back"},
		},
		{
			name:  "not one byte left for hostler's state",
			fault: "mount -t tmpfs -o size=64k tmpfs /var/lib/hostler; head -c 64k /dev/zero > /var/lib/hostler/junk || true",
			end:   "umount /var/lib/hostler",
			spec:  twoFiles("/etc/second", "second"), code: 1,
			want: []string{"/var/lib/hostler", "no space left on device", "make room"},
		},
		{
			name:  "read-only where a file is to be made",
			fault: "mount --bind /etc /etc; mount -o remount,bind,ro /etc", end: "umount /etc",
			spec: twoFiles("/etc/second", "second"), code: 5,
			want: []string{`writing "/etc/first": `, "read-only file system", "mount -o remount,rw", "Rolled back"},
		},
		{
			name:  "read-only where a file is to be changed",
			fault: "echo old > /etc/second; mount --bind /etc /etc; mount -o remount,bind,ro /etc", end: "umount /etc; rm /etc/second",
			spec: "operatingSystem:\n  swap: Unmanaged\n  files: [{path: /etc/second, content: second}]", code: 5,
			want: []string{`writing "/etc/second": `, "read-only file system", "mount -o remount,rw", "Rolled back"},
		},
		{
			name:  "read-only where hostler's state is",
			fault: "mount --bind /var/lib/hostler /var/lib/hostler; mount -o remount,bind,ro /var/lib/hostler", end: "umount /var/lib/hostler",
			spec: twoFiles("/etc/second", "second"), code: 1,
			want: []string{"/var/lib/hostler/lock", "read-only file system", "mount -o remount,rw"},
		},
		{
			name:  "a file that nobody may change",
			fault: "mkdir /etc/locked; mount -t tmpfs tmpfs /etc/locked; echo old > /etc/locked/file; chattr +i /etc/locked/file",
			end:   "chattr -i /etc/locked/file; umount /etc/locked; rmdir /etc/locked",
			spec:  twoFiles("/etc/locked/file", "new"), code: 5,
			want: []string{`writing "/etc/locked/file": `, "operation not permitted", "chattr -i", "Rolled back"},
		},
		{
			name:  "a folder where a file should be",
			fault: "mkdir -p /etc/second/inner", end: "rm -r /etc/second",
			spec: twoFiles("/etc/second", "second"), code: 1,
			want: []string{"file /etc/second: ", "a directory"},
		},
		{
			name:  "a file where a folder should be",
			fault: "touch /etc/second", end: "rm /etc/second",
			spec: twoFiles("/etc/second/inner", "second"), code: 1,
			want: []string{"file /etc/second/inner: ", "/etc/second", "not a directory"},
		},
		{
			name:  "a link where a file should be",
			fault: "ln -s /root/elsewhere /etc/second; echo mine > /root/elsewhere", end: "grep -qx mine /root/elsewhere; rm /etc/second /root/elsewhere",
			spec: twoFiles("/etc/second", "second"), code: 1,
			want: []string{"file /etc/second: ", "/root/elsewhere"},
		},
		{
			name:  "links in a circle",
			fault: "ln -s circle /etc/circle", end: "rm /etc/circle",
			spec: twoFiles("/etc/circle/file", "second"), code: 1,
			want: []string{"file /etc/circle/file: ", "symbolic links"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			m.sh(t, c.fault)
			m.afterwards(t, c.end)
			m.wish(t, c.spec)
			before := m.look(t)
			m.apply(t).want(t, c.code, c.want...)
			m.wantAsBefore(t, before)
		})
	}
	t.Run("gone, and the next apply does it", func(t *testing.T) {
		m.wish(t, twoFiles("/etc/second", "second"))
		m.apply(t).want(t, 0)
		m.verify(t).want(t, 0)
	})
	t.Run("links that lead out of an image", func(t *testing.T) { linksOutOfAnImage(t, m) })
}

// linksOutOfAnImage gives hostler an image, a copy of the machine, that wants to
// lead it to the machine's own files.
func linksOutOfAnImage(t *testing.T, m machine) {
	m.sh(t, `mkdir /image; mount -t tmpfs tmpfs /image; mkdir /image/upper /image/work /image/root
mount -t overlay overlay -o lowerdir=/,upperdir=/image/upper,workdir=/image/work /image/root
ln -s ../../../../../etc /image/root/etc/up; ln -s /etc /image/root/etc/absolute`)
	m.wish(t, `
operatingSystem:
  swap: Unmanaged
  files:
  - {path: /etc/up/by-dots, content: x}
  - {path: /etc/absolute/by-name, content: x}`)
	before := m.look(t)
	m.apply(t, "--root", "/image/root", "--image").want(t, 0, "Done: run ")
	if got, want := m.sh(t, "cd /image/root/etc; ls by-dots by-name"), "by-dots\nby-name"; got != want {
		t.Errorf("files in the image: got %q want %q", got, want)
	}
	m.wantAsBefore(t, before)
	t.Run("a link in a file's own place is not followed", func(t *testing.T) {
		m.sh(t, "ln -s ../../../etc/hostname /image/root/etc/out")
		m.wish(t, "operatingSystem:\n  files: [{path: /etc/out, content: x}]")
		m.apply(t, "--root", "/image/root", "--image").want(t, 1, "file /etc/out: ", "etc/hostname")
		m.wantAsBefore(t, before)
	})
}
