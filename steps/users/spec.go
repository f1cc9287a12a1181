package users

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
)

// Spec is the wish.
type Spec struct {
	// Users are treated in this order. No name may come twice.
	Users []User
}

// User is what is wanted of one account.
type User struct {
	Name string
	// UID of an account that is made; one that exists with another is an error. nil: the
	// system chooses.
	UID *int
	// Groups that the account is in beside its own; it stays in others.
	Groups []string
	// Shell is the login shell. Empty leaves it, or takes the system's for a new account.
	Shell string
	// Keys are all the keys that may log in. nil leaves authorized_keys alone.
	Keys []string
}

// root is the account of which only the keys are managed.
const root = "root"

var accountName = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`)

// Check reports everything that is wrong with the Spec itself, joined.
func (s Spec) Check() error {
	var errs []error
	seen := map[string]bool{}
	for _, u := range s.Users {
		for _, problem := range u.problems() {
			errs = append(errs, fmt.Errorf("user %q: %s", u.Name, problem))
		}
		if seen[u.Name] {
			errs = append(errs, fmt.Errorf("user %q comes twice: make one of the two", u.Name))
		}
		seen[u.Name] = true
	}
	return errors.Join(errs...)
}

func (u User) problems() []string {
	var problems []string
	if !accountName.MatchString(u.Name) {
		problems = append(problems, "want a name of small letters, digits, - and _, at most 32")
	}
	if u.UID != nil && *u.UID < 1 {
		problems = append(problems, "the UID is below 1")
	}
	if u.Name == root && (u.UID != nil || len(u.Groups) > 0 || u.Shell != "") {
		problems = append(problems, "only its SSH keys are managed: leave uid, groups and shell away")
	}
	if u.Shell != "" && (!path.IsAbs(u.Shell) || strings.ContainsAny(u.Shell, ":\n ")) {
		problems = append(problems, fmt.Sprintf("shell %q is not an absolute path", u.Shell))
	}
	for _, group := range u.Groups {
		if !accountName.MatchString(group) {
			problems = append(problems, fmt.Sprintf("%q is no name of a group", group))
		}
	}
	for _, key := range u.Keys {
		if strings.TrimSpace(key) == "" || strings.ContainsAny(key, "\r\n") {
			problems = append(problems, "each SSH key is one line that is not empty")
		}
	}
	return problems
}
