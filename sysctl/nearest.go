package sysctl

import (
	"cmp"
	"path"
	"slices"

	"github.com/hostler-dev/hostler/steps/host"
)

// maxNearest is how many keys an error proposes.
const maxNearest = 3

// nearest lists existing keys that a missing one may be a misspelling of, best
// first: the names in the deepest directory of the key that exists.
func nearest(v host.Files, k Key) []Key {
	wanted := k.Path()
	for dir := path.Dir(wanted); dir != "/proc"; dir = path.Dir(dir) {
		names, err := v.ReadDir(dir)
		if err != nil {
			wanted = dir
			continue
		}
		name := path.Base(wanted)
		slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(distance(name, a), distance(name, b)) })
		var found []Key
		for _, candidate := range names {
			// More than a third of the letters differ: that is another word.
			if len(found) == maxNearest || distance(name, candidate) > max(2, len(name)/3) {
				break
			}
			found = append(found, fromPath(path.Join(dir, candidate)[len("/proc/sys/"):]))
		}
		return found
	}
	return nil
}

// distance is the number of letters to insert, remove or replace (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
