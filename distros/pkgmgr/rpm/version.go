package rpm

import (
	"cmp"
	"strings"
)

// EVR is the version of a package: epoch, version and release. As text it is
// "[epoch:]version[-release]"; an epoch of 0 is left out, as people do.
type EVR struct {
	Epoch, Version, Release string
}

// ParseEVR takes a version apart. The release starts at the last hyphen, since
// neither a version nor a release has one.
func ParseEVR(text string) EVR {
	var v EVR
	if epoch, rest, found := strings.Cut(text, ":"); found {
		v.Epoch, text = strings.TrimLeft(epoch, "0"), rest
	}
	v.Version = text
	if hyphen := strings.LastIndexByte(text, '-'); hyphen >= 0 {
		v.Version, v.Release = text[:hyphen], text[hyphen+1:]
	}
	return v
}

func (v EVR) String() string {
	text := v.Version
	if v.Epoch != "" {
		text = v.Epoch + ":" + text
	}
	if v.Release != "" {
		text += "-" + v.Release
	}
	return text
}

// Full is the text with an epoch always, as lists of version locks have it.
func (v EVR) Full() string {
	if v.Epoch == "" {
		return "0:" + v.String()
	}
	return v.String()
}

// Compare orders two versions as rpm does: negative when a is older than b. A
// version without a release is equal to all releases of it, as in a dependency.
func Compare(a, b string) int {
	left, right := ParseEVR(a), ParseEVR(b)
	order := cmp.Or(CompareVersions(left.Epoch, right.Epoch), CompareVersions(left.Version, right.Version))
	if order != 0 || left.Release == "" || right.Release == "" {
		return order
	}
	return CompareVersions(left.Release, right.Release)
}

// CompareVersions orders two versions, or two releases, by the rules of rpm's
// own manual (docs/man/rpm-version(7)): runs of digits and runs of letters take
// turns, digits by value and newer than letters, whatever else is there only
// separates; "~" is older than anything, even the end, and "^" is newer than the
// end and older than anything else.
func CompareVersions(a, b string) int {
	for a != "" || b != "" {
		a, b = skipSeparators(a), skipSeparators(b)
		if order, decided, both := compareMark(a, b, '~'); decided {
			return order
		} else if both {
			a, b = a[1:], b[1:]
			continue
		}
		if order, decided, both := compareMark(a, b, '^'); decided {
			if a == "" || b == "" {
				return -order // newer than the end
			}
			return order
		} else if both {
			a, b = a[1:], b[1:]
			continue
		}
		if a == "" || b == "" {
			break
		}
		digits := isDigit(a[0])
		var runA, runB string
		runA, a = cutRun(a, digits)
		runB, b = cutRun(b, digits)
		if runB == "" { // of the other kind: digits are newer
			if digits {
				return 1
			}
			return -1
		}
		order := cmp.Compare(runA, runB)
		if digits {
			order = compareNumbers(runA, runB)
		}
		if order != 0 {
			return order
		}
	}
	return cmp.Compare(len(a), len(b)) // what has more left is newer
}

// compareMark tells whether both start with a mark, or one does, which makes it
// the older one.
func compareMark(a, b string, mark byte) (order int, decided, both bool) {
	inA, inB := strings.IndexByte(a, mark) == 0, strings.IndexByte(b, mark) == 0
	switch {
	case inA && inB:
		return 0, false, true
	case inA:
		return -1, true, false
	case inB:
		return 1, true, false
	default:
		return 0, false, false
	}
}

func skipSeparators(text string) string {
	return strings.TrimLeftFunc(text, func(r rune) bool {
		return r > '~' || !isDigit(byte(r)) && !isLetter(byte(r)) && r != '~' && r != '^'
	})
}

// cutRun splits off the longest start of digits, or of letters.
func cutRun(text string, digits bool) (run, rest string) {
	end := 0
	for end < len(text) && (digits && isDigit(text[end]) || !digits && isLetter(text[end])) {
		end++
	}
	return text[:end], text[end:]
}

// compareNumbers compares numbers of any length.
func compareNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// Matches tells whether a package version is what a person wished for. A wish is
// a full version ("1.36.3-150500.1.1"), or the version alone ("1.36.3"), which any
// release of it satisfies. The epoch may be left out. So may the tag of the
// distribution at the end of the release (".el9"), because people do not know it.
func Matches(wish, version string) bool {
	if wish == version {
		return true
	}
	want, have := ParseEVR(wish), ParseEVR(version)
	if strings.Contains(wish, ":") && want.Epoch != have.Epoch || want.Version != have.Version {
		return false
	}
	rest, found := strings.CutPrefix(have.Release, want.Release)
	return want.Release == "" || found && (rest == "" || isDistTag(rest))
}

// isDistTag tells whether the end of a release is a distribution's tag, such as
// ".el9" and ".el9_5", ".fc41", ".amzn2023", ".red80".
func isDistTag(end string) bool {
	tag, found := strings.CutPrefix(end, ".")
	return found && tag != "" && isLetter(tag[0]) && !strings.Contains(tag, ".")
}
