package rpm

import (
	"strconv"
	"strings"
)

// FilesFormat makes rpm -q print a line a file that [ParseConfigs] reads.
const FilesFormat = `[%{=NAME}\t%{=INSTALLTIME}\t%{FILEFLAGS:fflags}\t%{FILEDIGESTS}\t%{FILENAMES}\n]`

// Config is a configuration file of an installed package.
type Config struct {
	Package, Path string
	// InstallTime of the package is in seconds since 1970.
	InstallTime int64
	// Digest is of the file as the package has it.
	Digest string
}

// ParseConfigs picks the configuration files (flag c) out of what rpm -q prints with
// FilesFormat. It leaves out those without a SHA-256: folders and links, files that the
// package names and does not bring, and all of packages from before 2009, with MD5.
func ParseConfigs(text string) []Config {
	var configs []Config
	for line := range strings.Lines(text) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 5)
		if len(fields) != 5 || !strings.Contains(fields[2], "c") || len(fields[3]) != 64 || !strings.HasPrefix(fields[4], "/") {
			continue
		}
		if installed, err := strconv.ParseInt(fields[1], 10, 64); err == nil {
			configs = append(configs, Config{Package: fields[0], InstallTime: installed, Digest: fields[3], Path: fields[4]})
		}
	}
	return configs
}
