package osrelease

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

func TestParseReadsValues(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ content, want string }{
		"a bare value":                          {"ID=debian\n", "debian"},
		"a double-quoted value":                 {`ID="debian"`, "debian"},
		"a single-quoted value":                 {`ID='debian'`, "debian"},
		"an empty value":                        {"ID=\n", ""},
		"an empty quoted value":                 {`ID=""`, ""},
		"blanks inside quotes":                  {`ID="a  b"`, "a  b"},
		"an equals sign in the value":           {`ID="a=b"`, "a=b"},
		"escapes inside double quotes":          {`ID="\"\$\\\` + "`" + `"`, "\"$\\`"},
		"a backslash that escapes nothing":      {`ID="a\nb"`, `a\nb`},
		"a backslash inside single quotes":      {`ID='a\"b'`, `a\"b`},
		"an escape outside quotes":              {`ID=a\ b`, "a b"},
		"a hash inside quotes":                  {`ID="a # b"`, "a # b"},
		"no final newline":                      {"NAME=x\nID=debian", "debian"},
		"CRLF line ends":                        {"NAME=x\r\nID=\"debian\"\r\n", "debian"},
		"a byte order mark":                     {"\xef\xbb\xbfID=debian\n", "debian"},
		"blanks around the line":                {"  ID=debian \t\n", "debian"},
		"comments and blank lines around it":    {"# ID=no\n\n  # ID=no\nID=debian\n\n", "debian"},
		"the last of two values":                {"ID=old\nID=debian\n", "debian"},
		"a comment after a quoted value":        {`ID="debian" # said so`, "debian"},
		"characters that are not ASCII":         {`ID="Schrödinger’s"`, "Schrödinger’s"},
		"a value with characters of versions":   {"ID=1.7_x86-64+b1~2:3", "1.7_x86-64+b1~2:3"},
		"an address, which is often not quoted": {"ID=https://www.debian.org/", "https://www.debian.org/"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := Parse([]byte(c.content))
			got, found := file.Fields["ID"]
			if !found || got != c.want {
				t.Errorf("got %q (found %t) want %q", got, found, c.want)
			}
			if len(file.Problems) > 0 {
				t.Errorf("got problems %v want none", file.Problems)
			}
		})
	}
}

func TestParseReportsOddLinesAndReadsOn(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ line, value, reason string }{
		"a line without an equals sign":   {"debian", "", "not KEY=value"},
		"a key with a blank":              {"I D=x", "", "key is not made"},
		"a key that starts with a digit":  {"1D=x", "", "key is not made"},
		"an empty key":                    {"=x", "", "key is not made"},
		"an exported key":                 {"export ODD=x", "x", "export"},
		"a missing closing double quote":  {`ODD="a b`, "a b", "closing quote"},
		"a missing closing single quote":  {`ODD='a b`, "a b", "closing quote"},
		"strings put together":            {`ODD="a""b"`, "a", "after the closing quote"},
		"a blank outside quotes":          {"ODD=a b", "a b", "outside quotes"},
		"a variable outside quotes":       {"ODD=$HOME", "$HOME", "outside quotes"},
		"a backslash at the end":          {`ODD=a\`, "a", "backslash"},
		"an escaped closing double quote": {`ODD="a\"`, `a"`, "closing quote"},
		"bytes that are not UTF-8":        {"ODD=\"a\xff\"", "a\uFFFD", "UTF-8"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := Parse([]byte("# head\n" + c.line + "\nID=debian\n"))
			if got := file.ID(); got != "debian" {
				t.Errorf("got id %q after the odd line want debian", got)
			}
			if got := file.Fields["ODD"]; got != c.value {
				t.Errorf("got value %q want %q", got, c.value)
			}
			if len(file.Problems) != 1 {
				t.Fatalf("got problems %v want one", file.Problems)
			}
			problem := file.Problems[0]
			if problem.Line != 2 || !strings.Contains(problem.Reason, c.reason) {
				t.Errorf("got %v want line 2 and %q", problem, c.reason)
			}
		})
	}
}

func TestIDFollowsTheSpecificationsDefaults(t *testing.T) {
	t.Parallel()
	file := Parse([]byte("ID_LIKE=\"RHEL  fedora\"\n"))
	if got := file.ID(); got != "linux" {
		t.Errorf("got id %q of a file without one, want linux", got)
	}
	if diff := cmp.Diff([]string{"rhel", "fedora"}, file.IDLike()); diff != "" {
		t.Errorf("ID_LIKE (-want +got):\n%s", diff)
	}
	if got := Parse([]byte("ID=OpenCloudOS")).ID(); got != "opencloudos" {
		t.Errorf("got id %q want opencloudos", got)
	}
}

func TestReadTakesTheFirstFileThatExists(t *testing.T) {
	t.Parallel()
	files := map[string]string{"/etc/os-release": "ID=first", "/usr/lib/os-release": "ID=second\nNAME=x"}
	read := func(path string) ([]byte, error) {
		if content, found := files[path]; found {
			return []byte(content), nil
		}
		return nil, fs.ErrNotExist
	}
	file, err := Read(read)
	if err != nil || file.ID() != "first" || file.Path != "/etc/os-release" || file.Fields["NAME"] != "" {
		t.Errorf("got %v, %v want only the fields of /etc/os-release", file, err)
	}
	delete(files, "/etc/os-release")
	if file, err = Read(read); err != nil || file.ID() != "second" {
		t.Errorf("got %v, %v want the fields of /usr/lib/os-release", file, err)
	}
	delete(files, "/usr/lib/os-release")
	if _, err = Read(read); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v want fs.ErrNotExist", err)
	}
	denied := func(string) ([]byte, error) { return nil, fs.ErrPermission }
	if _, err = Read(denied); !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "/etc/os-release") {
		t.Errorf("got %v want a permission error that names the file", err)
	}
}

// quote writes a value as os-release(5) wants it; parsing must give it back.
func quote(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", "\\`").Replace(value) + `"`
}

func FuzzParse(f *testing.F) {
	samples, err := txtar.ParseFile("../testdata/os-release.txtar")
	if err != nil || len(samples.Files) == 0 {
		f.Fatalf("no samples: %v", err)
	}
	for _, sample := range samples.Files {
		f.Add(sample.Data)
	}
	f.Add([]byte("A=\"\\\nB='\nexport C=\\"))
	f.Fuzz(func(t *testing.T, content []byte) {
		first := Parse(content)
		var rewritten strings.Builder
		for key, value := range first.Fields {
			if !validKey(key) || !utf8.ValidString(value) || strings.Contains(value, "\n") {
				t.Fatalf("got key %q with value %q, which no file can hold", key, value)
			}
			rewritten.WriteString(key + "=" + quote(value) + "\n")
		}
		second := Parse([]byte(rewritten.String()))
		if diff := cmp.Diff(first.Fields, second.Fields); diff != "" || len(second.Problems) > 0 {
			t.Fatalf("reading what was read again (-first +second):\n%s%v", diff, second.Problems)
		}
	})
}
