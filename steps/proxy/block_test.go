package proxy

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	ini       = Spec{HTTP: "http://p:1"}.ini()
	sysconfig = Spec{HTTP: "http://p:1"}.sysconfig()
)

const (
	iniBlock  = beginMark + "proxy=http://p:1\n" + endMark
	shellText = beginMark + "PROXY_ENABLED=\"yes\"\nHTTP_PROXY=\"http://p:1\"\nHTTPS_PROXY=\"\"\nNO_PROXY=\"localhost,127.0.0.1,::1\"\n" + endMark
)

func TestBlock(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		block         block
		before, after string
	}{
		"makes the file":                 {ini, "", beginMark + "[main]\nproxy=http://p:1\n" + endMark},
		"goes below the heading":         {ini, "# dnf\n[main]\ngpgcheck=1\n", "# dnf\n[main]\n" + iniBlock + "gpgcheck=1\n"},
		"sets another proxy aside":       {ini, "[main]\nproxy = http://old:1\ngpgcheck=1", "[main]\n" + iniBlock + asideMark + "proxy = http://old:1\ngpgcheck=1"},
		"sets a long value aside":        {ini, "[main]\nproxy=\n http://old:1\n\thttp://x\n\t\n b=1\n", "[main]\n" + iniBlock + asideMark + "proxy=\n" + asideMark + " http://old:1\n" + asideMark + "\thttp://x\n\t\n b=1\n"},
		"leaves other sections alone":    {ini, "[a]\nproxy=1\n[main]\na=1\n[b]\nproxy=2\n", "[a]\nproxy=1\n[main]\n" + iniBlock + "a=1\n[b]\nproxy=2\n"},
		"leaves like keys and comments":  {ini, "[main]\nproxy_username=x\n#proxy=1\n", "[main]\n" + iniBlock + "proxy_username=x\n#proxy=1\n"},
		"adds a heading where none is":   {ini, "[repo]\na=1\n", beginMark + "[main]\nproxy=http://p:1\n" + endMark + "[repo]\na=1\n"},
		"keeps ends of lines of Windows": {ini, "[main]\r\nproxy=1\r\n", "[main]\r\n" + iniBlock + asideMark + "proxy=1\r\n"},
		"sets all of SUSE's keys":        {sysconfig, "# c\nPROXY_ENABLED=\"no\"\nHTTP_PROXY=\"\"\nFTP_PROXY=\"\"\n", shellText + "# c\n" + asideMark + "PROXY_ENABLED=\"no\"\n" + asideMark + "HTTP_PROXY=\"\"\nFTP_PROXY=\"\"\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := c.block.in([]byte(c.before))
			if diff := cmp.Diff(c.after, string(got)); err != nil || diff != "" {
				t.Errorf("got error %v and (-want +got):\n%s", err, diff)
			}
			back, err := without(got)
			if err != nil || string(back) != c.before {
				t.Errorf("taken back: got %q, %v, want %q", back, err, c.before)
			}
		})
	}
}

func TestBlockRefusesWhatItCannotTakeBack(t *testing.T) {
	t.Parallel()
	if _, err := ini.in([]byte("[main]")); err == nil || !strings.Contains(err.Error(), "end of line") {
		t.Errorf("a heading without end of line: got %v, want an error", err)
	}
	for _, file := range []string{beginMark + "proxy=1\n", endMark + beginMark + "proxy=1\n"} {
		if _, err := without([]byte(file)); err == nil || !strings.Contains(err.Error(), "begin here") {
			t.Errorf("a beginning without end: got %v, want an error that quotes it", err)
		}
	}
}

func FuzzBlock(f *testing.F) {
	for _, seed := range []string{"", "[main]\nproxy=1\n a\n[b]\nproxy=2", "PROXY_ENABLED=\"no\"\r\n\n\x00=", "[main]\n[main]\nproxy=\n\tx\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, before []byte) {
		if bytes.Contains(before, []byte("# hostler")) {
			t.Skip("not a file as hostler finds it first")
		}
		for _, b := range []block{ini, sysconfig} {
			after, err := b.in(before)
			if err != nil {
				continue
			}
			if again, err := b.in(after); err != nil || !bytes.Equal(again, after) {
				t.Errorf("doing it twice changes %q to %q, %v", after, again, err)
			}
			if back, err := without(after); err != nil || !bytes.Equal(back, before) {
				t.Errorf("taken back it is %q, %v, want %q", back, err, before)
			}
		}
	})
}
