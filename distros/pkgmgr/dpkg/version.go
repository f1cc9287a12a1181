package dpkg

import (
	"cmp"
	"strings"
)

// Compare orders two versions as dpkg does: negative when a is older than b.
//
// The rules are those of deb-version(7) and of Debian policy 5.6.12: epochs by
// number, then upstream versions, then revisions; within these, runs of
// non-digits and runs of digits take turns, digits by value, the others by
// character with letters before all else, except that "~" comes before
// everything, even before the end.
func Compare(a, b string) int {
	epochA, upstreamA, revisionA := split(a)
	epochB, upstreamB, revisionB := split(b)
	return cmp.Or(
		compareDigits(epochA, epochB),
		comparePart(upstreamA, upstreamB),
		comparePart(revisionA, revisionB),
	)
}

// split takes a version apart: [epoch:]upstream[-revision]. The revision
// starts at the last hyphen. What is missing counts as 0, which is what an
// empty part compares equal to.
func split(version string) (epoch, upstream, revision string) {
	epoch, upstream, found := strings.Cut(version, ":")
	if !found {
		epoch, upstream = "", version
	}
	if hyphen := strings.LastIndexByte(upstream, '-'); hyphen >= 0 {
		upstream, revision = upstream[:hyphen], upstream[hyphen+1:]
	}
	return epoch, upstream, revision
}

func comparePart(a, b string) int {
	for a != "" || b != "" {
		var textA, textB, digitsA, digitsB string
		textA, a = cutWhile(a, false)
		textB, b = cutWhile(b, false)
		digitsA, a = cutWhile(a, true)
		digitsB, b = cutWhile(b, true)
		if order := cmp.Or(compareText(textA, textB), compareDigits(digitsA, digitsB)); order != 0 {
			return order
		}
	}
	return 0
}

// cutWhile splits off the longest start that is all digits, or has none.
func cutWhile(text string, digits bool) (start, rest string) {
	end := 0
	for end < len(text) && isDigit(text[end]) == digits {
		end++
	}
	return text[:end], text[end:]
}

// compareDigits compares numbers of any length; none counts as zero.
func compareDigits(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

func compareText(a, b string) int {
	for i := range max(len(a), len(b)) {
		if order := cmp.Compare(rank(a, i), rank(b, i)); order != 0 {
			return order
		}
	}
	return 0
}

// rank is the place of a character in the order, past the end included.
func rank(text string, i int) int {
	switch {
	case i >= len(text):
		return 0
	case text[i] == '~':
		return -1
	case 'A' <= text[i] && text[i] <= 'Z', 'a' <= text[i] && text[i] <= 'z':
		return int(text[i])
	default:
		return int(text[i]) + 256
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// Matches tells whether a package version is what a person wished for. A wish
// is a full version ("1.36.3-1.1"), or the upstream version alone ("1.36.3"),
// which any packaging of it satisfies. The epoch may be left out. So may the
// suffix by which Debian marks sources that it repacked ("1.6.20~ds1",
// "20.10.24+dfsg1"), because people do not know it.
func Matches(wish, version string) bool {
	if wish == version {
		return true
	}
	if !strings.Contains(wish, ":") {
		if _, after, found := strings.Cut(version, ":"); found {
			version = after
		}
	}
	upstream := version
	if hyphen := strings.LastIndexByte(version, '-'); hyphen >= 0 {
		upstream = version[:hyphen]
	}
	return wish == version || wish == upstream || wish == withoutRepack(upstream)
}

// withoutRepack cuts "+ds1", "~ds1", "+dfsg", "~dfsg2" and the like.
func withoutRepack(upstream string) string {
	for _, mark := range []string{"+ds", "~ds", "+dfsg", "~dfsg"} {
		if start := strings.LastIndex(upstream, mark); start > 0 {
			return upstream[:start]
		}
	}
	return upstream
}
