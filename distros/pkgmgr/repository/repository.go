package repository

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Format is what a repository holds, and with it who reads its description.
type Format string

// The formats. Deb is for apt, and the zero value; RPM is for dnf, yum and zypper.
const (
	Deb Format = ""
	RPM Format = "rpm"
)

// Spec describes a repository.
type Spec struct {
	Format Format
	// Name names the files of the repository on the host. Lower-case letters,
	// digits, hyphens and periods.
	Name string
	// URL is where the repository is: http, https or file.
	URL string
	// Suite is the release in the repository ("bookworm"), or, ending in a slash,
	// the folder of a flat repository ("/" at pkgs.k8s.io). One of rpms has none.
	Suite string
	// Components are the parts of a suite. A flat repository has none, any
	// other at least one.
	Components []string
	// Direct leaves out the proxy of the package manager. It is for rpms: dnf and yum know
	// no other exceptions (dnf.conf(5), proxy=).
	Direct bool
	// Key is the public key that signs the repository, and of one of rpms the
	// packages, in ASCII armour.
	Key []byte
	// KeyFile is the path of such a key that is on the host already, instead of
	// Key.
	KeyFile string
}

// Dirs are the folders of a host in which repositories are described.
type Dirs struct {
	Sources string // /etc/apt/sources.list.d
	Keys    string // /etc/apt/keyrings
	// BinaryKeys is for an apt before 1.4, which reads no keys in ASCII armour
	// (apt-key(8), "Supported keyring files"): that of Ubuntu 16.04 is 1.2.
	BinaryKeys bool
}

// apt ignores files in sources.list.d whose names have other characters.
var validName = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)

// Validate reports everything that is wrong with the description.
func (s Spec) Validate() error {
	var problems []error
	report := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if !validName.MatchString(s.Name) {
		report("repository %q: name is not made of lower-case letters, digits and, inside, hyphens and periods", s.Name)
	}
	if parsed, err := url.Parse(s.URL); err != nil || !slices.Contains([]string{"http", "https", "file"}, parsed.Scheme) || strings.ContainsAny(s.URL, " \t\n[]") {
		report("repository %q: url %q is not an http, https or file address", s.Name, s.URL)
	} else if parsed.User != nil {
		report("repository %q: url holds a password, which everybody on the host could read: put it into /etc/apt/auth.conf.d", s.Name)
	}
	if s.Format == RPM {
		if s.Suite != "" || len(s.Components) > 0 {
			report("repository %q: a repository of rpms has neither suite nor components: all of its place is in the url", s.Name)
		}
		return errors.Join(append(problems, s.validateKey())...)
	}
	for _, word := range append([]string{s.Suite}, s.Components...) {
		if word == "" || strings.ContainsAny(word, " \t\n[]#") {
			report("repository %q: suite and components must be single words, not %q", s.Name, word)
		}
	}
	if s.flat() != (len(s.Components) == 0) {
		report("repository %q: a suite that ends in / has no components, any other has at least one", s.Name)
	}
	return errors.Join(append(problems, s.validateKey())...)
}

// validateKey insists on a public key. A repository without one would have to
// be trusted blindly, which hostler does not do.
func (s Spec) validateKey() error {
	switch {
	case len(s.Key) > 0 && s.KeyFile != "":
		return fmt.Errorf("repository %q: key is given both as text and as the file %s", s.Name, s.KeyFile)
	case s.KeyFile != "" && (!path.IsAbs(s.KeyFile) || strings.ContainsAny(s.KeyFile, " \t\n]")):
		return fmt.Errorf("repository %q: key file %q is not an absolute path without blanks", s.Name, s.KeyFile)
	case s.KeyFile != "":
		return nil
	case len(s.Key) == 0:
		return fmt.Errorf("repository %q: no key to check its signatures with", s.Name)
	case bytes.Contains(s.Key, []byte("PRIVATE KEY BLOCK")):
		return fmt.Errorf("repository %q: key is a private one: export the public key", s.Name)
	case !bytes.Contains(s.Key, []byte("-----BEGIN PGP PUBLIC KEY BLOCK-----")) || !bytes.Contains(s.Key, []byte("-----END PGP PUBLIC KEY BLOCK-----")):
		return fmt.Errorf("repository %q: key is not a public key in ASCII armour (gpg --armor --export)", s.Name)
	default:
		return nil
	}
}

// SourcePath is the file that describes the repository to the package manager.
func (s Spec) SourcePath(dirs Dirs) string {
	if s.Format == RPM {
		return path.Join(dirs.Sources, s.Name+".repo")
	}
	return path.Join(dirs.Sources, s.Name+".list")
}

// KeyPath is the file of its key. The ending tells apt whether it is armoured.
func (s Spec) KeyPath(dirs Dirs) string {
	if s.KeyFile != "" {
		return s.KeyFile
	}
	if s.Format == RPM {
		return path.Join(dirs.Keys, "RPM-GPG-KEY-"+s.Name) // as distributions call theirs
	}
	if dirs.BinaryKeys {
		return path.Join(dirs.Keys, s.Name+".gpg")
	}
	return path.Join(dirs.Keys, s.Name+".asc")
}

// SourceContent is the text at SourcePath. Of debs the one-line form is understood by
// every apt (sources.list(5)); the key counts for this repository alone.
//
// Of rpms (dnf.conf(5), libzypp's manual) the key counts for the packages: they are
// what is signed everywhere, also where the index is not. Variables such as $basearch may
// be in the address.
func (s Spec) SourceContent(dirs Dirs) []byte {
	if s.Format == RPM {
		direct := ""
		if s.Direct {
			direct = "proxy=_none_\n"
		}
		return fmt.Appendf(nil, "# Managed by hostler.\n[%s]\nname=%s\nbaseurl=%s\nenabled=1\ngpgcheck=1\ngpgkey=file://%s\n%s",
			s.Name, s.Name, s.URL, s.KeyPath(dirs), direct)
	}
	words := append([]string{"deb", "[signed-by=" + s.KeyPath(dirs) + "]", s.URL, s.Suite}, s.Components...)
	return []byte("# Managed by hostler.\n" + strings.Join(words, " ") + "\n")
}

// KeyContent is what is at KeyPath: text that ends in a newline, or binary; nil where
// the key is on the host already.
func (s Spec) KeyContent(dirs Dirs) ([]byte, error) {
	switch {
	case s.KeyFile != "":
		return nil, nil
	case dirs.BinaryKeys:
		return dearmor(s.Key)
	default:
		return append(bytes.Clone(bytes.TrimSpace(s.Key)), '\n'), nil
	}
}

// flat tells whether the repository is a folder of packages without suites.
func (s Spec) flat() bool { return strings.HasSuffix(s.Suite, "/") }
