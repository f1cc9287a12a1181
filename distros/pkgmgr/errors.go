package pkgmgr

import (
	"errors"
	"fmt"
	"strings"
)

// What can be wrong with packages. Each error that wraps one of these says in
// its text what the package manager complained of.
var (
	// ErrNoVersion: the repositories do not have the version.
	ErrNoVersion = errors.New("no such version")
	// ErrNoPackage: no repository has the package.
	ErrNoPackage = errors.New("no such package")
	// ErrUnreachable: a repository could not be fetched.
	ErrUnreachable = errors.New("repository is not reachable")
	// ErrSignature: a repository is not signed by its key.
	ErrSignature = errors.New("repository has no valid signature")
	// ErrDigest: a file is not the one that the repository signed.
	ErrDigest = errors.New("file differs from what the repository signed")
	// ErrSource: a source file is not understood.
	ErrSource = errors.New("source file is malformed")
	// ErrLocked: another package manager is at work.
	ErrLocked = errors.New("another package manager holds the lock")
	// ErrDiskFull: there is no room for the packages.
	ErrDiskFull = errors.New("disk is full")
	// ErrMaintainerScript: a package's own script failed.
	ErrMaintainerScript = errors.New("a package's script failed")
	// ErrBroken: dependencies cannot be met.
	ErrBroken = errors.New("dependencies cannot be met")
)

// Error is a failure of a package manager that was understood.
type Error struct {
	// Kind is one of the sentinels above.
	Kind error
	// Detail is what matters of the complaint, with the way out.
	Detail string
	// Err is the command that failed; its whole output is not in the text.
	Err error
}

func (e *Error) Error() string { return fmt.Sprintf("%v: %s", e.Kind, e.Detail) }

// Unwrap gives both the sentinel and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// noVersion names the versions that there are.
func noVersion(name, wish string, offered []string) error {
	if len(offered) == 0 {
		return &Error{Kind: ErrNoPackage, Detail: fmt.Sprintf("no repository of this host has %s: add the repository that does", name)}
	}
	return &Error{Kind: ErrNoVersion, Detail: fmt.Sprintf("%s %s; the repositories have %s", name, wish, strings.Join(offered, ", "))}
}

// Pick chooses the version that a person wished for among those on offer, the
// newest of them; an empty wish takes the first, which is the newest.
func Pick(m Manager, name, wish string, offered []string) (string, error) {
	for _, version := range offered {
		if wish == "" || m.Matches(wish, version) {
			return version, nil
		}
	}
	return "", noVersion(name, wish, offered)
}
