package distros

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/hostler-dev/hostler/distros/osrelease"
)

// Match tells which os-release files a row answers for: one of the IDs, the
// right name, and a version that its rules accept.
type Match struct {
	// IDs are the values of ID, lower-case.
	IDs []string
	// Like are further names in ID_LIKE for which the row stands.
	Like []string
	// PrettyName is how PRETTY_NAME must begin; empty accepts any. It keeps out
	// the systems that carry another's ID.
	PrettyName string
	// Versions are tried in order, and the first whose field is set decides
	// alone: ALT_BRANCH_ID, where there is one, tells what VERSION_ID cannot.
	Versions []VersionRule
}

// VersionRule accepts some values of one field.
type VersionRule struct {
	// Field is the key in os-release, VERSION_ID for most.
	Field string
	// Is lists the accepted versions. A version stands for all that it is the
	// beginning of, component by component: "7.3" accepts 7.3 and 7.3.6 but not
	// 7.30. The value is reduced by plainVersion before it is compared.
	Is []string
}

// accepts tells whether the row answers for the system that file describes.
func (m Match) accepts(file osrelease.File) bool {
	return m.acceptsID(file) && m.acceptsName(file) && m.acceptsVersion(file)
}

func (m Match) acceptsID(file osrelease.File) bool {
	return slices.Contains(m.IDs, file.ID())
}

// acceptsName tells the distribution from the systems that borrow its ID.
func (m Match) acceptsName(file osrelease.File) bool {
	name := cmp.Or(file.Fields["PRETTY_NAME"], file.Fields["NAME"])
	return strings.HasPrefix(name, m.PrettyName)
}

// acceptsVersion asks the first rule whose field is set.
func (m Match) acceptsVersion(file osrelease.File) bool {
	rule, value := m.decidingRule(file)
	return slices.ContainsFunc(rule.Is, func(version string) bool { return beginsWith(value, version) })
}

// decidingRule returns the zero rule where no field is set.
func (m Match) decidingRule(file osrelease.File) (rule VersionRule, value string) {
	for _, rule := range m.Versions {
		if value := plainVersion(file.Fields[rule.Field]); value != "" {
			return rule, value
		}
	}
	return VersionRule{}, ""
}

// plainVersion takes the version out of the text that vendors put around it:
//
//	12 (bookworm)      12         Debian
//	MUROM (7.3.6)      7.3.6      RED OS
//	1.7_x86-64         1.7        Astra, which carries the architecture
//	v1.14.0-beta.1     1.14.0     Talos
//	p10, c10f1         unchanged  ALT's branches
//
// It is the first word that starts with a digit, and the first word where
// there is none.
func plainVersion(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t()\"',", r) })
	if len(words) == 0 {
		return ""
	}
	word := words[0]
	for _, w := range words {
		if w = strings.TrimPrefix(w, "v"); w != "" && isDigit(w[0]) {
			word = w
			break
		}
	}
	if end := strings.IndexAny(word, "_-+~:/"); end > 0 {
		word = word[:end]
	}
	return strings.ToLower(word)
}

// beginsWith compares by components, so that 1 does not begin 12.
func beginsWith(version, prefix string) bool {
	rest, found := strings.CutPrefix(version, prefix)
	return found && (rest == "" || rest[0] == '.')
}

// compareVersions orders plain versions by their numbers, wherever they stand
// (10 after 9, p10 after p9); what is between the numbers is ordered as text,
// and after numbers.
func compareVersions(a, b string) int {
	return slices.CompareFunc(runs(a), runs(b), func(x, y string) int {
		m, errX := strconv.Atoi(x)
		n, errY := strconv.Atoi(y)
		switch {
		case errX == nil && errY == nil:
			return cmp.Compare(m, n)
		case errX == nil:
			return -1
		case errY == nil:
			return 1
		default:
			return cmp.Compare(x, y)
		}
	})
}

// runs cuts a text where digits begin and end.
func runs(text string) []string {
	var parts []string
	start := 0
	for i := 1; i < len(text); i++ {
		if isDigit(text[i]) != isDigit(text[i-1]) {
			parts = append(parts, text[start:i])
			start = i
		}
	}
	return append(parts, text[start:])
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
