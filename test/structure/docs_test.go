package structure

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestClusterPageNamesEverything keeps docs/cluster.md whole: whoever adds a phase, a reason to wait or an annotation also
// says there what it means.
func TestClusterPageNamesEverything(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/cluster.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range []struct {
		file, prefix, suffix string
		atLeast              int
	}{
		{"../../agent/api/v1alpha1/managednode_status.go", "Phase", "", 10},
		{"../../agent/coordinator/decision/waiting.go", "", "", 25},
		{"../../agent/api/v1alpha1/names.go", "", "Annotation", 13},
	} {
		names := constants(t, source.file, source.prefix, source.suffix)
		if len(names) < source.atLeast {
			t.Errorf("%s: found %d constants, want at least %d", source.file, len(names), source.atLeast)
		}
		for _, value := range names {
			if !strings.Contains(string(page), "`"+value+"`") {
				t.Errorf("docs/cluster.md does not name `%s` of %s", value, source.file)
			}
		}
	}
}

// constants are the values of a file's string constants whose names begin and end so.
func constants(t *testing.T, file, prefix, suffix string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, prefix) || !strings.HasSuffix(spec.Names[0].Name, suffix) {
			return true
		}
		literal, ok := spec.Values[0].(*ast.BasicLit)
		if !ok || literal.Kind != token.STRING {
			return true
		}
		value, err := strconv.Unquote(literal.Value)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, value)
		return true
	})
	return values
}
