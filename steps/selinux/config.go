package selinux

import (
	"bytes"
	"strings"
)

// setting begins the line of the mode. libselinux takes the first such line, at
// the very beginning of a line only (selinux_getenforcemode).
const setting = "SELINUX="

// configured is the mode in the configuration, in small letters; empty where none is.
func configured(config []byte) string {
	for line := range strings.Lines(string(config)) {
		if value, is := strings.CutPrefix(line, setting); is {
			return strings.ToLower(strings.TrimSpace(value))
		}
	}
	return ""
}

// withMode returns the configuration with another mode. All other bytes stay.
func withMode(config []byte, mode string) []byte {
	var out bytes.Buffer
	done := false
	for line := range bytes.Lines(config) {
		if !done && bytes.HasPrefix(line, []byte(setting)) {
			ending := line[len(bytes.TrimRight(line, " \t\r\n")):]
			line, done = append([]byte(setting+mode), ending...), true
		}
		out.Write(line)
	}
	if !done {
		if out.Len() > 0 && !bytes.HasSuffix(out.Bytes(), []byte("\n")) {
			out.WriteByte('\n')
		}
		out.WriteString(setting + mode + "\n")
	}
	return out.Bytes()
}
