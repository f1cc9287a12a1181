package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write golden files, and fail")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"hostler": main})
}

// TestScript runs testdata/script. Beside the usual commands, scripts have those
// of commands, the condition [root], and $EXAMPLES.
func TestScript(t *testing.T) {
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		t.Cleanup(func() { t.Error("scripts were written anew: look at them and run again without -update") })
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "digest": digest, "fields": fields, "lock": lock,
		},
		Condition: func(name string) (bool, error) {
			if name == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("there is no condition %q", name)
		},
		Setup: func(env *testscript.Env) error {
			// The settings of the machine that runs the tests are not the test's.
			none := filepath.Join(env.WorkDir, ".settings.yaml")
			env.Setenv("HOSTLER_SETTINGS", none)
			env.Setenv("EXAMPLES", examples)
			return os.WriteFile(none, nil, 0o600)
		},
	})
}

// exits CODE PROGRAM ARG... runs a program that must end with an exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var ended interface{ ExitCode() int }
		if !errors.As(err, &ended) {
			ts.Fatalf("%v", err)
		}
		got = ended.ExitCode()
	}
	if got != want {
		ts.Fatalf("got exit code %d, want %d", got, want)
	}
}

// digest FOLDER FILE writes what is in a folder, without hostler's own state, to a
// file: a line for each entry with mode, owner, and link target or checksum.
func digest(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: digest FOLDER FILE")
	}
	var lines strings.Builder
	root := ts.MkAbs(args[0])
	ts.Check(filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if name == "var/lib/hostler" {
			return fs.SkipDir
		}
		line, err := describe(path, entry)
		fmt.Fprintf(&lines, "%s %s\n", name, line)
		return err
	}))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(lines.String()), 0o600))
}

func describe(path string, entry fs.DirEntry) (string, error) {
	info, err := entry.Info()
	if err != nil {
		return "", err
	}
	owner := info.Sys().(*syscall.Stat_t)
	line := fmt.Sprintf("%s %d:%d", info.Mode(), owner.Uid, owner.Gid)
	switch {
	case entry.Type() == fs.ModeSymlink:
		target, err := os.Readlink(path)
		return line + " " + target, err
	case entry.Type().IsRegular():
		content, err := os.ReadFile(path)
		return fmt.Sprintf("%s %x", line, sha256.Sum256(content)), err
	}
	return line, nil
}

// fields FILE PATH NAME... checks that an object of a JSON file, or each object of
// a list, has exactly these fields; those with a ? may be absent. PATH is
// names with dots, or a dot alone for the whole.
func fields(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: fields FILE PATH NAME...")
	}
	var value any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &value))
	for _, name := range strings.FieldsFunc(args[1], func(r rune) bool { return r == '.' }) {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	list, isList := value.([]any)
	if !isList {
		list = []any{value}
	}
	if len(list) == 0 {
		ts.Fatalf("%s is empty", args[1])
	}
	for _, element := range list {
		object, _ := element.(map[string]any)
		if problem := compareFields(object, args[2:]); problem != "" {
			ts.Fatalf("%s %s", args[1], problem)
		}
	}
}

func compareFields(object map[string]any, names []string) string {
	rest := maps.Clone(object)
	for _, name := range names {
		name, optional := strings.CutSuffix(name, "?")
		if _, has := object[name]; !has && !optional {
			return fmt.Sprintf("lacks %q: %v", name, object)
		}
		delete(rest, name)
	}
	if len(rest) > 0 {
		return fmt.Sprintf("has fields that are not in the contract: %q", slices.Sorted(maps.Keys(rest)))
	}
	return ""
}

// lock FILE TEXT holds a lock file until the script ends, as another hostler does.
func lock(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lock FILE TEXT")
	}
	name := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Dir(name), 0o700))
	file, err := os.Create(name)
	ts.Check(err)
	ts.Defer(func() { _ = file.Close() })
	ts.Check(syscall.Flock(int(file.Fd()), syscall.LOCK_EX))
	_, err = file.WriteString(args[1] + "\n")
	ts.Check(err)
}
