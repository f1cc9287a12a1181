package engine

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// keptRuns is how many ended runs stay on disk.
const keptRuns = 20

// blobName is the name of contents in the host's blob store, a SHA-256. Journals,
// originals and origins hold it as a word.
var blobName = regexp.MustCompile(`\b[0-9a-f]{64}\b`)

// prune removes old runs, and the contents that only they could bring back. What
// cannot be removed costs disk space, not correctness. It comes after a run's
// end, because a rollback that is cut short needs the runs that it takes back.
func (e *Engine) prune() {
	numbers, err := e.numbers()
	if err != nil {
		return
	}
	for len(numbers) > keptRuns {
		_ = os.RemoveAll(e.runDir(numbers[0]))
		numbers = numbers[1:]
	}
	e.pruneBlobs()
}

// pruneBlobs removes the contents that no journal, original or origin names.
func (e *Engine) pruneBlobs() {
	folder := filepath.Join(e.StateDir, "blobs")
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) == 0 {
		return
	}
	named, err := e.namedBlobs()
	if err != nil {
		return // who cannot read all names must not call any content unnamed
	}
	for _, entry := range entries {
		if name := entry.Name(); blobName.FindString(name) == name && !named[name] {
			_ = os.Remove(filepath.Join(folder, name))
		}
	}
}

func (e *Engine) namedBlobs() (map[string]bool, error) {
	named := map[string]bool{}
	for _, pattern := range []string{"runs/*/journal", "originals/*", "origins"} {
		files, err := filepath.Glob(filepath.Join(e.StateDir, pattern))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
			for _, name := range blobName.FindAll(text, -1) {
				named[string(name)] = true
			}
		}
	}
	return named, nil
}
