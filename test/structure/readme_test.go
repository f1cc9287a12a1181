package structure

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeNamesEachCommandAndExitCode keeps its two tables whole.
func TestReadmeNamesEachCommandAndExitCode(t *testing.T) {
	t.Parallel()
	readme := read(t, "../../README.md")
	files, err := filepath.Glob("../../cmd/hostler/*.go")
	if err != nil {
		t.Fatal(err)
	}
	use, code := regexp.MustCompile(`(?m)^\t+Use: +"([a-z]+)`), regexp.MustCompile(`(?m)^\texit[A-Z]\w+ +exitCode = (\d)`)
	commands, codes := 0, 0
	for _, file := range files {
		source := read(t, file)
		for _, match := range use.FindAllStringSubmatch(source, -1) {
			if match[1] == "hostler" {
				continue
			}
			commands++
			if !strings.Contains(readme, "\n| `hostler "+match[1]) {
				t.Errorf("the commands of README.md lack %s", match[1])
			}
		}
		for _, match := range code.FindAllStringSubmatch(source, -1) {
			codes++
			if !strings.Contains(readme, "\n| "+match[1]+" | ") {
				t.Errorf("the exit codes of README.md lack %s", match[1])
			}
		}
	}
	if commands < 14 || codes < 7 {
		t.Errorf("found %d commands and %d exit codes in cmd/hostler, want at least 14 and 7", commands, codes)
	}
}

// TestLinksOfPagesLeadSomewhere follows the links between pages, to headings too.
func TestLinksOfPagesLeadSomewhere(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) < 6 {
		t.Fatalf("got %d pages, %v", len(pages), err)
	}
	link, heading := regexp.MustCompile(`\]\(([^)#:]*)(#[^):]*)?\)`), regexp.MustCompile(`(?m)^#+ (.*)$`)
	for _, page := range append(pages, "../../README.md", "../../CONTRIBUTING.md") {
		for _, match := range link.FindAllStringSubmatch(read(t, page), -1) {
			target := page
			if match[1] != "" {
				target = filepath.Join(filepath.Dir(page), match[1])
			}
			if match[2] == "" {
				if found, err := filepath.Glob(target); err != nil || len(found) == 0 {
					t.Errorf("%s: there is no %s", page, match[1])
				}
				continue
			}
			found := false
			for _, title := range heading.FindAllStringSubmatch(read(t, target), -1) {
				found = found || anchor(title[1]) == match[2]
			}
			if !found {
				t.Errorf("%s: %s has no heading for %s", page, target, match[2])
			}
		}
	}
}

// anchor is a heading as links name it.
func anchor(title string) string {
	kept := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(title), "")
	return "#" + strings.ReplaceAll(kept, " ", "-")
}
