package scripts

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// The fake's shell is one of this package's making, so that once a real one must do:
// below a root of its own, with nothing but a shell and rm.
func TestStepOnARealHost(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("chroot and mount namespaces need root rights")
	}
	root := rootWith(t, "/bin/sh", "/bin/rm")
	h, err := host.Open(root, host.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	spec := Spec{
		Name: "banner", NodeName: "node-7", Impact: steps.Restart,
		Check: "[ -e /etc/banner ] || { : > /etc/banner; exit 1; }\n", // the mistake of a check that is an apply
		Apply: "#!/bin/sh -e\necho \"on $HOSTLER_NODE_NAME\"; echo \"and ${LC_ALL-nothing} else\" >&2\numask 027; echo welcome > /etc/banner\n",
		Undo:  "rm /etc/banner\n",
	}
	applyAll(t, h, New(spec), 2)
	wantFile(t, root, "/etc/banner", "welcome\n", 0o640)
	wantFile(t, root, OutputPath("banner"), "on node-7\nand nothing else\n", 0o600)
	applyAll(t, h, New(spec), 0)

	applyAll(t, h, NewRemoval(nil, false), 2)
	if _, err := os.Stat(filepath.Join(root, "etc/banner")); !os.IsNotExist(err) {
		t.Errorf("got %v, want no banner after the removal", err)
	}
	applyAll(t, h, NewRemoval(nil, false), 0)

	spec.Apply = "echo secret; echo secret >&2; kill -9 $$\n"
	err = Run{Spec: spec, Script: Apply}.Do(t.Context(), h)
	if err == nil || !strings.Contains(err.Error(), "signal: killed; what it printed is in") || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want the signal and nothing of what was printed", err)
	}
	wantFile(t, root, OutputPath("banner"), "secret\nsecret\n", 0o600)
}

// applyAll plans a step and does its ops, which must be of a number.
func applyAll(t *testing.T, h host.Host, step steps.Step, want int) {
	t.Helper()
	ops, err := step.Plan(t.Context(), h)
	if err != nil || len(ops) != want {
		t.Fatalf("%s: got %d ops, %v, want %d", step.Name(), len(ops), err, want)
	}
	for _, o := range ops {
		if err := o.Do(t.Context(), h); err != nil {
			t.Fatalf("%s: %v", o.Key(), err)
		}
	}
}

func wantFile(t *testing.T, root, file, content string, mode os.FileMode) {
	t.Helper()
	at := filepath.Join(root, file)
	got, err := os.ReadFile(at)
	if err != nil || string(got) != content {
		t.Errorf("%s: got %q, %v, want %q", file, got, err, content)
		return
	}
	if info, err := os.Stat(at); err != nil || info.Mode() != mode {
		t.Errorf("%s: got mode %v, %v, want %v", file, info.Mode(), err, mode)
	}
}

// rootWith is a root with programs, the libraries that they load, and the folders that
// every host has.
func rootWith(t *testing.T, programs ...string) string {
	t.Helper()
	root := t.TempDir()
	for _, folder := range []string{"tmp", "etc", "var/lib"} {
		if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	files := programs
	for _, program := range programs {
		out, err := exec.Command("ldd", program).Output()
		if err != nil {
			continue // it is static
		}
		for word := range strings.FieldsSeq(string(out)) {
			if filepath.IsAbs(word) {
				files = append(files, word)
			}
		}
	}
	for _, file := range files {
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
	return root
}
