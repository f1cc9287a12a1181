package input_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hostler-dev/hostler/agent/input"
)

func TestExamples(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../../examples/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("got %d examples and error %v, want some", len(paths), err)
	}
	for _, path := range paths {
		t.Run("reads "+filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			file, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = file.Close() }()
			docs, err := input.Read(path, file)
			if err != nil {
				t.Fatalf("the example is not valid:\n%v", err)
			}
			if len(docs.Groups) == 0 {
				t.Fatal("got no group, want at least one")
			}
		})
	}
}
