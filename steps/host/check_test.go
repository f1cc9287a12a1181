package host_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps/host"
)

func TestInterpreter(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		script string
		want   []string // nil: an error
	}{
		"no first line":              {"", []string{"/bin/sh"}},
		"a script without a program": {"exit 0\n", []string{"/bin/sh"}},
		"a comment":                  {"# !/bin/bash\n", []string{"/bin/sh"}},
		"a program":                  {"#!/bin/bash\nexit 0\n", []string{"/bin/bash"}},
		"a program at the end":       {"#!/bin/bash", []string{"/bin/bash"}},
		"blanks around it":           {"#! \t/bin/bash \t\n", []string{"/bin/bash"}},
		"one argument":               {"#!/usr/bin/env python3\n", []string{"/usr/bin/env", "python3"}},
		"many words, one argument":   {"#!/usr/bin/env -S  python3 -u\n", []string{"/usr/bin/env", "-S  python3 -u"}},
		"a tab before the argument":  {"#!/bin/sh\t-eu\n", []string{"/bin/sh", "-eu"}},
		"a program without a path":   {"#!bash\n", nil},
		"nothing":                    {"#!\n", nil},
		"the line end of Windows":    {"#!/bin/sh\r\n", nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := host.Interpreter(c.script)
			if diff := cmp.Diff(c.want, got); diff != "" || (err != nil) != (c.want == nil) {
				t.Errorf("%q: got error %v (-want +got):\n%s", c.script, err, diff)
			}
		})
	}
}

func TestCheckEndsTheGroup(t *testing.T) {
	t.Parallel()
	needsRoot(t)
	// A check cannot tell its number by a file, but a program's own name shows in /proc.
	marker := fmt.Sprintf("36%d.%d", os.Getpid(), time.Now().Nanosecond())
	h := open(t, "/", host.Options{StateDir: filepath.Join(t.TempDir(), "state")})
	h.SetGrace(100 * time.Millisecond)
	script := "trap '' TERM\n(trap '' TERM; sleep " + marker + "; sleep " + marker + ") &\nsleep " + marker + "\nsleep " + marker + "\n"
	_, err := h.Check(t.Context(), host.Script{Content: script, Timeout: 300 * time.Millisecond})
	if !errors.Is(err, host.ErrTimeout) {
		t.Errorf("got %v, want ErrTimeout", err)
	}
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range lines {
		if line, err := os.ReadFile(name); err == nil && strings.Contains(string(line), marker) {
			t.Errorf("%s lives on: %q", filepath.Dir(name), line)
		}
	}
}

// The process must stay in its own mount namespace whatever its checks do.
func TestCheckLeavesTheProcessAlone(t *testing.T) {
	t.Parallel()
	needsRoot(t)
	folder := belowVarTmp(t)
	h := open(t, "/", host.Options{StateDir: filepath.Join(folder, "state")})
	own, err := os.Readlink("/proc/self/ns/mnt")
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if got, err := h.Check(t.Context(), host.Script{Content: "[ $(readlink /proc/self/ns/mnt) != '" + own + "' ]\n"}); err != nil || !got.Satisfied() {
			t.Errorf("got %+v, %v, want a check in a namespace of its own", got, err)
		}
		if now, err := os.Readlink("/proc/thread-self/ns/mnt"); err != nil || now != own {
			t.Errorf("got namespace %s, %v after a check, want %s", now, err, own)
		}
		if err := h.WriteFile(filepath.Join(folder, "made"), nil, host.Attr{Mode: 0o600}); err != nil {
			t.Errorf("writing after a check: %v", err)
		}
	}
}

// The root file system is only one of many mounts.
func TestCheckSeesEveryMountReadOnly(t *testing.T) {
	t.Parallel()
	needsRoot(t)
	const folder = "/dev/shm" // a tmpfs of its own on any Linux
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		t.Skipf("there is no %s (%v)", folder, err)
	}
	for name, force := range map[string]func(*host.OS){"at once": func(*host.OS) {}, "mount by mount": (*host.OS).ForceEachMount} {
		h := open(t, "/", host.Options{StateDir: filepath.Join(t.TempDir(), "state")})
		force(h)
		file := filepath.Join(folder, fmt.Sprintf("hostler-check-%d", os.Getpid()))
		got, err := h.Check(t.Context(), host.Script{Content: "touch " + file + "\n"})
		if err != nil || got.Satisfied() {
			t.Errorf("%s: got %+v, %v, want a check that cannot write to %s", name, got, err, folder)
		}
		if err := os.Remove(file); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got %v, want no %s", name, err, file)
		}
	}
}

func TestCheckBelowAnotherRoot(t *testing.T) {
	t.Parallel()
	needsRoot(t)
	root := belowVarTmp(t)
	for _, file := range shellFiles(t) {
		copyInto(t, root, file)
	}
	if err := os.Mkdir(filepath.Join(root, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "marker"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := open(t, root, host.Options{})
	for script, want := range map[string]int{
		"[ -e /marker ]\n":                0,
		"[ -e " + root + " ]\n":           1,
		": > /made || exit 4\n":           2, // the shell itself ends over a redirection of a special command
		": > /tmp/made && [ -e $0 ]\n":    0,
		"echo x > /marker || exit 5\n":    5,
		"[ $HOSTLER_NODE_NAME = db-1 ]\n": 0,
	} {
		if got, err := h.Check(t.Context(), host.Script{Content: script, NodeName: "db-1"}); err != nil || got.ExitCode != want {
			t.Errorf("%q: got %+v, %v, want %d", script, got, err, want)
		}
	}
	if left, err := os.ReadDir(filepath.Join(root, "tmp")); err != nil || len(left) > 0 {
		t.Errorf("got %v, %v in /tmp, want nothing", left, err)
	}
}

func TestCheckSaysThatItNeedsATmp(t *testing.T) {
	t.Parallel()
	needsRoot(t)
	h := open(t, belowVarTmp(t), host.Options{})
	_, err := h.Check(t.Context(), host.Script{Content: "exit 0\n"})
	if err == nil || !strings.Contains(err.Error(), `making a private "/tmp"`) {
		t.Errorf("got %v, want the folder named", err)
	}
}

func needsRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("a mount namespace needs root rights")
	}
}

// shellFiles are /bin/sh and the libraries that it loads.
func shellFiles(t *testing.T) []string {
	t.Helper()
	files := []string{"/bin/sh"}
	out, err := exec.Command("ldd", "/bin/sh").Output()
	if err != nil {
		return files // it is static
	}
	for word := range strings.FieldsSeq(string(out)) {
		if filepath.IsAbs(word) {
			files = append(files, word)
		}
	}
	return slices.Compact(files)
}

func copyInto(t *testing.T, root, file string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(root, file)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(target, content, 0o755); err != nil {
		t.Fatal(err)
	}
}
