package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/agent/input"
)

// testedBlock is a console block of the README whose output the test compares:
// one command line, then what it prints.
var testedBlock = regexp.MustCompile("(?m)<!-- tested -->\n```console\n\\$ hostler ([^\n]*)\n((?s).*?)```\n")

// fileBlock is a file of the README, under the name in its marker.
var fileBlock = regexp.MustCompile("(?m)<!-- file: (\\S+) -->\n```yaml\n((?s).*?)```\n")

// TestReadme runs what the README shows, so that it stays true. -update writes
// the outputs into it, and still fails.
func TestReadme(t *testing.T) {
	readme, err := filepath.Abs("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writeReadmeFiles(t, dir, string(text))
	t.Chdir(dir)

	ran := 0
	updated := testedBlock.ReplaceAllStringFunc(string(text), func(block string) string {
		ran++
		match := testedBlock.FindStringSubmatch(block)
		var out bytes.Buffer
		run(strings.Fields(match[1]), strings.NewReader(""), &out, &out)
		if diff := cmp.Diff(match[2], out.String()); diff != "" {
			t.Errorf("README.md shows something else for hostler %s (-README +real):\n%s", match[1], diff)
		}
		return strings.Replace(block, match[2]+"```\n", out.String()+"```\n", 1)
	})
	if ran < 3 {
		t.Errorf("got %d tested blocks in the README, want at least 3", ran)
	}
	if *update {
		if err := os.WriteFile(readme, []byte(updated), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// writeReadmeFiles puts the README's files into a folder, with the examples and
// a Debian image beside them.
func writeReadmeFiles(t *testing.T, dir, readme string) {
	t.Helper()
	files := map[string]string{"image/etc/os-release": "ID=debian\nVERSION_ID=12\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n"}
	for _, match := range fileBlock.FindAllStringSubmatch(readme, -1) {
		files[match[1]] = match[2]
	}
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := files["worker.yaml"]; !ok {
		t.Fatal("the README has no worker.yaml")
	}
	if _, err := input.Read("README.md", strings.NewReader(files["worker.yaml"])); err != nil {
		t.Errorf("the README's worker.yaml is not valid: %v", err)
	}
}
