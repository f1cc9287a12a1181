package swap

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWithoutSwap(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ before, after string }{
		"keeps an empty file":               {"", ""},
		"keeps other file systems":          {"UUID=1 / ext4 defaults 0 1\n", "UUID=1 / ext4 defaults 0 1\n"},
		"marks a swap partition":            {"UUID=2 none swap sw 0 0\n", mark + "UUID=2 none swap sw 0 0\n"},
		"marks a line with tabs and indent": {" \t/swapfile\tswap\tswap\n", mark + " \t/swapfile\tswap\tswap\n"},
		"marks a last line without newline": {"/dev/sda1 / ext4 rw\n/dev/sda2 none swap", "/dev/sda1 / ext4 rw\n" + mark + "/dev/sda2 none swap"},
		"marks a swap file with a blank":    {`/swap\040file none swap sw` + "\n", mark + `/swap\040file none swap sw` + "\n"},
		"marks swap that is noauto":         {"LABEL=s none swap noauto\n", mark + "LABEL=s none swap noauto\n"},
		"keeps comments":                    {"# /dev/sda2 none swap sw\n  #/dev/sda2 none swap\n", "# /dev/sda2 none swap sw\n  #/dev/sda2 none swap\n"},
		"keeps swap that is commented out":  {mark + "UUID=2 none swap sw 0 0\n", mark + "UUID=2 none swap sw 0 0\n"},
		"keeps swap in other fields":        {"swap /swap xfs swap\n", "swap /swap xfs swap\n"},
		"keeps odd lines byte for byte":     {"none swap\n\n\x00\xff garbage\r\nswap\n\t\n", "none swap\n\n\x00\xff garbage\r\nswap\n\t\n"},
		"keeps a type that begins with it":  {"/dev/x none swapfs sw\n", "/dev/x none swapfs sw\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(c.after, string(withoutSwap([]byte(c.before)))); diff != "" {
				t.Errorf("fstab (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzWithoutSwap(f *testing.F) {
	for _, seed := range []string{"UUID=2 none swap sw 0 0\n", "# c\n\n/a b swap", "a\tb\tswap\r\n", mark + "a b swap", "a b swap\x00\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, before []byte) {
		after := withoutSwap(before)
		if again := withoutSwap(after); !bytes.Equal(again, after) {
			t.Errorf("doing it twice changes %q to %q", after, again)
		}
		var back strings.Builder
		marked := strings.SplitAfter(string(after), "\n")
		for i, line := range strings.SplitAfter(string(before), "\n") {
			if i < len(marked) && marked[i] == mark+line {
				back.WriteString(line)
				continue
			}
			if isSwapLine(line) {
				t.Errorf("%q is swap and was left", line)
			}
			back.WriteString(marked[i])
		}
		if back.String() != string(before) {
			t.Errorf("without the marks it is %q, want %q", back.String(), before)
		}
	})
}
