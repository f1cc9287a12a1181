package input

import "strings"

// closest returns the known name that was probably meant: the one that fewest edits away, and not so many that it is
// another word.
func closest(name string, known []string) (string, bool) {
	best, bestEdits := "", len(name)/3+2
	for _, candidate := range known {
		if edits := distance(strings.ToLower(name), strings.ToLower(candidate)); edits < bestEdits {
			best, bestEdits = candidate, edits
		}
	}
	return best, best != ""
}

// distance counts insertions, deletions and replacements of a byte, and swaps of two neighbours, from a to b.
func distance(a, b string) int {
	// Names of fields are short; what is far longer is none.
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
	previous, row := make([]int, len(b)+1), make([]int, len(b)+1)
	var beforePrevious []int
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		beforePrevious, previous, row = previous, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replace := previous[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			row[j] = min(previous[j]+1, row[j-1]+1, replace)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], beforePrevious[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
