package input_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/hostler-dev/hostler/agent/input"
)

var update = flag.Bool("update", false, "write the golden files, and fail")

// TestProblems reads each input.yaml of testdata/problems and compares what is printed with the file want beside it.
func TestProblems(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("testdata/problems/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("got %d cases and error %v, want some", len(paths), err)
	}
	for _, path := range paths {
		t.Run("reports all of "+filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			docs, err := input.Read("input.yaml", strings.NewReader(content(archive, "input.yaml")))
			var problems *input.Error
			if !errors.As(err, &problems) {
				t.Fatalf("got error %v, want an *input.Error", err)
			}
			if docs != nil {
				t.Errorf("got %+v beside the error, want nothing", docs)
			}
			got := err.Error() + "\n"
			if diff := cmp.Diff(content(archive, "want"), got); diff != "" {
				t.Errorf("problems differ (-want +got), run with -update if they should:\n%s", diff)
			}
			if *update {
				setContent(archive, "want", got)
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				t.Errorf("%s was written: read it, and run again without -update", path)
			}
		})
	}
}

func content(archive *txtar.Archive, name string) string {
	for _, file := range archive.Files {
		if file.Name == name {
			return string(file.Data)
		}
	}
	return ""
}

func setContent(archive *txtar.Archive, name, data string) {
	for i := range archive.Files {
		if archive.Files[i].Name == name {
			archive.Files[i].Data = []byte(data)
			return
		}
	}
	archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(data)})
}
