package swap

import (
	"bytes"
	"strings"
)

// fstabFile is the file of fstab(5).
const fstabFile = "/etc/fstab"

// mark is put before lines that the step takes out, so that people see who did
// it and can take it back by removing the mark alone.
const mark = "# swap is switched off by hostler: "

// withoutSwap returns an fstab with its swap lines commented out. Every other
// byte stays as it is, odd lines included: what mount(8) makes of them is
// not for us to say.
func withoutSwap(fstab []byte) []byte {
	var out bytes.Buffer
	for line := range bytes.Lines(fstab) {
		if isSwapLine(string(line)) {
			out.WriteString(mark)
		}
		out.Write(line)
	}
	return out.Bytes()
}

// isSwapLine tells whether the third field of a line that is no comment is
// "swap". Fields are separated by blanks and tabs only, as libmount reads them:
// blanks inside a field are written \040.
func isSwapLine(line string) bool {
	fields := strings.FieldsFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return r == ' ' || r == '\t' })
	return len(fields) >= 3 && !strings.HasPrefix(fields[0], "#") && fields[2] == "swap"
}
