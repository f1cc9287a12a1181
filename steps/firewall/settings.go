package firewall

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"

	"github.com/hostler-dev/hostler/steps/host"
)

// firewalldFlushes says why stopping firewalld takes the rules of others along;
// empty where it does not.
func firewalldFlushes(v host.Files) (string, error) {
	settings, err := readSettings(v, "/etc/firewalld/firewalld.conf")
	if err != nil {
		return "", err
	}
	switch cleanup := strings.ToLower(settings["CleanupOnExit"]); {
	case cleanup == "no" || cleanup == "false":
		return "", nil
	// Releases before 0.6 know iptables only and have no such line.
	case settings["FirewallBackend"] != "nftables":
		return "firewalld uses iptables", nil
	}
	_, err = v.Stat("/etc/firewalld/direct.xml")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", err
	}
	return "firewalld has direct rules (/etc/firewalld/direct.xml)", nil
}

// ufwFlushes tells whether switching ufw off takes the rules of others along.
func ufwFlushes(v host.Files) (bool, error) {
	settings, err := readSettings(v, "/etc/default/ufw")
	return strings.EqualFold(settings["MANAGE_BUILTINS"], "yes"), err
}

// readSettings reads lines of the form NAME=value, the last of a name wins. A file
// that is not there has none.
func readSettings(v host.Files, name string) (map[string]string, error) {
	content, err := v.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	settings := map[string]string{}
	for line := range strings.Lines(string(content)) {
		key, value, is := strings.Cut(strings.TrimSpace(line), "=")
		if is && !strings.HasPrefix(key, "#") {
			settings[strings.TrimSpace(key)] = strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	return settings, nil
}

// withoutUFW returns ufw.conf with ENABLED=no, as "ufw disable" writes it. All other
// bytes stay.
func withoutUFW(content []byte) []byte {
	var out bytes.Buffer
	for line := range bytes.Lines(content) {
		if key, _, is := bytes.Cut(line, []byte("=")); is && string(bytes.TrimSpace(key)) == "ENABLED" {
			ending := line[len(bytes.TrimRight(line, "\r\n")):]
			line = append([]byte("ENABLED=no"), ending...)
		}
		out.Write(line)
	}
	return out.Bytes()
}
