package sysctl

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

func TestParseLines(t *testing.T) {
	t.Parallel()
	got := parseLines("f", []byte("# comment\n ; comment\n\nvm.swappiness=10\n\t-vm/panic_on_oom =  1 \r\n"+
		"-net.ipv4.conf.eth0/100.rp_filter\nno assignment\nnet.ipv4.conf.*.rp_filter = 2\nkernel.core_pattern = |/bin/x a=b # c\n/net//ipv4/ip_forward = 1"))
	want := []line{
		{file: "f", number: 4, key: "vm.swappiness", value: "10"},
		{file: "f", number: 5, key: "vm.panic_on_oom", value: "1"},
		{file: "f", number: 6, key: "net.ipv4.conf.eth0/100.rp_filter", excludes: true},
		{file: "f", number: 8, key: "net.ipv4.conf.*.rp_filter", value: "2"},
		{file: "f", number: 9, key: "kernel.core_pattern", value: "|/bin/x a=b # c"},
		{file: "f", number: 10, key: "net.ipv4.ip_forward", value: "1"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(line{})); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestConflicts(t *testing.T) {
	t.Parallel()
	const key = "net.ipv4.conf.all.rp_filter"
	for name, c := range map[string]struct {
		files []hosttest.Option
		want  []string
	}{
		"says nothing without other files": {},
		"ignores files that are read before ours": {
			files: []hosttest.Option{hosttest.File("/etc/sysctl.d/50-a.conf", key+"=1"), hosttest.File("/etc/sysctl.d/90-hostler.conf", key+"=1")},
		},
		"ignores files with another suffix, and hidden ones": {
			files: []hosttest.Option{hosttest.File("/etc/sysctl.d/99-a.conf.bak", key+"=1"), hosttest.File("/etc/sysctl.d/.99.conf", key+"=1")},
		},
		"finds a later file in the last directory": {
			files: []hosttest.Option{hosttest.File("/usr/lib/sysctl.d/99-a.conf", "\n"+key+" = 1\n")},
			want: []string{`sysctl "net.ipv4.conf.all.rp_filter": line 2 of /usr/lib/sysctl.d/99-a.conf is read after 90-hostler.conf ` +
				`and sets "1" at boot instead of "0": put a file of the same name, without that line, into /etc/sysctl.d`},
		},
		"names the file that a link leads to": {
			files: []hosttest.Option{hosttest.File("/etc/sysctl.conf", "net/ipv4/conf/all/rp_filter=1"), hosttest.Link("/etc/sysctl.d/99-sysctl.conf", "../sysctl.conf")},
			want: []string{`sysctl "net.ipv4.conf.all.rp_filter": line 1 of /etc/sysctl.d/99-sysctl.conf (a link to ../sysctl.conf) is read after 90-hostler.conf ` +
				`and sets "1" at boot instead of "0": remove that line`},
		},
		"accepts the same value in other words": {
			files: []hosttest.Option{hosttest.File("/etc/sysctl.d/99-a.conf", key+"=0x0")},
		},
		"leaves a file out that a better directory replaces": {
			files: []hosttest.Option{hosttest.File("/run/sysctl.d/99-a.conf", key+"=1"), hosttest.File("/etc/sysctl.d/99-a.conf", "vm.swappiness=1")},
		},
		"leaves a file out that is linked to /dev/null": {
			files: []hosttest.Option{hosttest.File("/usr/lib/sysctl.d/99-a.conf", key+"=1"), hosttest.Link("/etc/sysctl.d/99-a.conf", "/dev/null")},
		},
		"leaves a file out that is replaced by a link to nowhere": {
			files: []hosttest.Option{hosttest.File("/usr/lib/sysctl.d/99-a.conf", key+"=1"), hosttest.Link("/etc/sysctl.d/99-a.conf", "gone")},
		},
		"goes by the name of the file, not by its directory": {
			files: []hosttest.Option{hosttest.File("/usr/lib/sysctl.d/99-b.conf", key+"=0"), hosttest.File("/etc/sysctl.d/99-a.conf", key+"=1")},
		},
		"never gives way to a pattern": {
			files: []hosttest.Option{hosttest.File("/etc/sysctl.d/99-a.conf", "net.ipv4.conf.*.rp_filter=1\n-net.ipv4.conf.*.rp_filter\n")},
		},
		"finds a line that takes the key out": {
			files: []hosttest.Option{hosttest.File("/etc/sysctl.d/99-a.conf", "-"+key)},
			want: []string{`sysctl "net.ipv4.conf.all.rp_filter": line 1 of /etc/sysctl.d/99-a.conf is read after 90-hostler.conf ` +
				`and keeps "0" from being set at boot: remove that line`},
		},
		"finds a line that takes out a key with an empty value": {
			files: []hosttest.Option{hosttest.File("/etc/sysctl.d/99-a.conf", "-net.ipv4.ip_local_reserved_ports")},
			want: []string{`sysctl "net.ipv4.ip_local_reserved_ports": line 1 of /etc/sysctl.d/99-a.conf is read after 90-hostler.conf ` +
				`and keeps "" from being set at boot: remove that line`},
		},
		"counts a dash before an assignment as the assignment": {
			files: []hosttest.Option{hosttest.File("/etc/sysctl.d/99-a.conf", "-"+key+"=2")},
			want: []string{`sysctl "net.ipv4.conf.all.rp_filter": line 1 of /etc/sysctl.d/99-a.conf is read after 90-hostler.conf ` +
				`and sets "2" at boot instead of "0": remove that line`},
		},
		"accepts a line that takes the key out when a later one sets it": {
			files: []hosttest.Option{hosttest.File("/etc/sysctl.d/99-a.conf", "-"+key+"\n"+key+"=0")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := hosttest.New(c.files...)
			lines, err := linesAfter(v, "90-hostler.conf")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, found := range conflicts([]setting{{key: key, value: "0"}, {key: "vm.panic_on_oom", value: "0"}, {key: "net.ipv4.ip_local_reserved_ports"}}, lines) {
				got = append(got, found.explain(v))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("conflicts (-want +got):\n%s", diff)
			}
		})
	}

	t.Run("reports a file that it cannot read and reads the others", func(t *testing.T) {
		t.Parallel()
		v := unreadableFile{hosttest.New(hosttest.File("/etc/sysctl.d/98-a.conf", key+"=1"), hosttest.File("/etc/sysctl.d/99-a.conf", key+"=1"))}
		lines, err := linesAfter(v, "90-hostler.conf")
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("got error %v, want one about rights", err)
		}
		if len(lines) != 1 || lines[0].file != "/etc/sysctl.d/98-a.conf" {
			t.Errorf("got lines %v, want the one of 98-a.conf", lines)
		}
	})
}

// unreadableFile keeps 99-a.conf from being read, as its mode does for other users than root.
type unreadableFile struct{ *hosttest.Fake }

func (u unreadableFile) ReadFile(p string) ([]byte, error) {
	if p == "/etc/sysctl.d/99-a.conf" {
		return nil, fs.ErrPermission
	}
	return u.Fake.ReadFile(p)
}

func FuzzParseLines(f *testing.F) {
	for _, seed := range []string{"vm.swappiness=10\n", "-net/ipv4/conf/*/rp_filter\n", "# c\n;\n = \n-\n", "a.b/c = d\r\n../../x=1", "=\n-=\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		lines := strings.Count(string(content), "\n") + 1
		previous := 0
		for _, l := range parseLines("f", content) {
			if l.number <= previous || l.number > lines || strings.Contains(l.value, "\n") || l.excludes && l.value != "" {
				t.Errorf("got line %+v after line %d of %d", l, previous, lines)
			}
			previous = l.number
			key, err := ParseKey(string(l.key))
			if err != nil || key != l.key || l.excludes {
				continue
			}
			// What another file says means the same when ours says it.
			again := parseLines("f", render([]setting{{key: key, value: l.value}}))
			if len(again) != 1 || again[0].key != l.key || again[0].value != l.value {
				t.Errorf("line %+v is read from our file as %+v", l, again)
			}
		}
	})
}
