package input_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/hostler-dev/hostler/agent/input"
)

// FuzzRead looks for input that makes Read panic, hang, report a problem without a place, or return an object that
// cannot be written and read again.
func FuzzRead(f *testing.F) {
	for _, pattern := range []string{"testdata/problems/*.txtar", "../../examples/*.yaml"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			f.Fatalf("got %d files like %s and error %v, want some", len(paths), pattern, err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			if strings.HasSuffix(path, ".txtar") {
				data = []byte(content(txtar.Parse(data), "input.yaml"))
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		docs, err := input.Read("f", bytes.NewReader(data))
		if err != nil {
			checkProblems(t, err)
			return
		}
		var all []any
		for i := range docs.Groups {
			all = append(all, docs.Groups[i])
		}
		for i := range docs.Configurations {
			all = append(all, &docs.Configurations[i])
		}
		for i := range docs.Policies {
			all = append(all, &docs.Policies[i])
		}
		for _, object := range all {
			written, err := json.Marshal(object)
			if err != nil {
				t.Fatalf("writing what was read: %v", err)
			}
			if _, err := input.Read("f", bytes.NewReader(written)); err != nil {
				t.Fatalf("reading what was written: %v\n%s", err, written)
			}
		}
	})
}

func checkProblems(t *testing.T, err error) {
	t.Helper()
	var problems *input.Error
	if !errors.As(err, &problems) || len(problems.Problems) == 0 {
		t.Fatalf("got error %v, want problems", err)
	}
	for _, problem := range problems.Problems {
		if problem.Line < 1 || problem.Column < 1 || problem.Message == "" {
			t.Errorf("got problem %+v, want a line, a column and a message", problem)
		}
	}
}
