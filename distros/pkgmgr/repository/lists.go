package repository

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// ListsDir is where apt keeps what it fetched of repositories.
const ListsDir = "/var/lib/apt/lists"

// Lists tells which files in ListsDir are a repository's. It is plain data, so
// that an op can carry it.
type Lists struct {
	// ID is the name of a repository of rpms: its lists are in folders and files that
	// are named after it. The rest is of debs.
	ID string `json:"id,omitempty"`
	// Prefix starts the names of all files of the repository.
	Prefix string `json:"prefix,omitempty"`
	// Components tell the files of a suite from those of a longer one
	// ("bookworm" and "bookworm/updates"); a flat repository has none.
	Components []string `json:"components,omitempty"`
}

// Lists returns the names that apt gives to the repository's files. apt builds
// them from the address (URItoFileName in apt-pkg/contrib/strutl.cc): without
// scheme and user, slashes as underscores, and some characters quoted.
func (s Spec) Lists() Lists {
	if s.Format == RPM {
		return Lists{ID: s.Name}
	}
	_, address, found := strings.Cut(s.URL, "://")
	if !found { // file:/path, as apt writes it
		_, address, _ = strings.Cut(s.URL, ":")
	}
	address = strings.TrimRight(address, "/") + "/"
	switch {
	case !s.flat():
		address += "dists/" + s.Suite + "/"
	case s.Suite != "/":
		address += strings.TrimLeft(s.Suite, "/")
	}
	return Lists{Prefix: quote(address), Components: s.Components}
}

// Own tells whether a file in ListsDir is the repository's.
func (l Lists) Own(name string) bool {
	if l.ID != "" {
		return l.ownCache(name)
	}
	rest, found := strings.CutPrefix(name, l.Prefix)
	if !found {
		return false
	}
	if len(l.Components) == 0 {
		return rest != "" && !strings.Contains(rest, "_")
	}
	component, _, inside := strings.Cut(rest, "_")
	return isRelease(rest) || inside && slices.Contains(l.Components, component)
}

// Fetched tells whether apt has fetched the repository, given the names in
// ListsDir: its release file comes first and is there even if it has no packages.
func (l Lists) Fetched(names []string) bool {
	if l.ID != "" {
		return slices.ContainsFunc(names, l.ownCache)
	}
	return slices.ContainsFunc(names, func(name string) bool {
		rest, found := strings.CutPrefix(name, l.Prefix)
		return found && isRelease(rest)
	})
}

// cacheEnding is what dnf adds to the name of a repository: a hash of its address for
// a folder, and the kind of an index. yum and zypper add nothing.
var cacheEnding = regexp.MustCompile(`^(?:-[0-9a-f]{16}|\.solv|-[a-z]+\.solvx)?$`)

func (l Lists) ownCache(name string) bool {
	ending, found := strings.CutPrefix(path.Base(name), l.ID)
	return found && cacheEnding.MatchString(ending)
}

func isRelease(name string) bool {
	return name == "InRelease" || name == "Release" || name == "Release.gpg"
}

func quote(address string) string {
	var out strings.Builder
	for i := range len(address) {
		switch c := address[i]; {
		case c == '/':
			out.WriteByte('_')
		case c <= ' ' || c >= 0x7f || strings.IndexByte(`\|{}[]<>"^~_=!@#$%^&*`, c) >= 0:
			fmt.Fprintf(&out, "%%%02x", c)
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}
