package reboot

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// newestLike returns the newest of the releases that are of one flavour with the one that runs; the
// running one where none is newer.
func newestLike(running string, releases []string) string {
	newest := running
	for _, release := range releases {
		if flavour(release) == flavour(running) && compare(release, newest) > 0 {
			newest = release
		}
	}
	return newest
}

// flavour is what the releases of one line of kernels share: their letters. It tells 6.1.0-30-amd64 from
// 6.1.0-30-cloud-amd64, and not 5.14.0-503.11.1.el9_5.x86_64 from 5.14.0-570.el9.x86_64.
func flavour(release string) string {
	return strings.Join(strings.FieldsFunc(release, func(r rune) bool { return !unicode.IsLetter(r) }), " ")
}

// compare orders releases by their numbers, in turn.
func compare(a, b string) int { return slices.CompareFunc(numbers(a), numbers(b), cmp.Compare[uint64]) }

func numbers(release string) []uint64 {
	var found []uint64
	for _, digits := range strings.FieldsFunc(release, func(r rune) bool { return !unicode.IsDigit(r) }) {
		n, err := strconv.ParseUint(digits, 10, 64)
		if err != nil {
			n = 0
		}
		found = append(found, n)
	}
	return found
}
