package trust_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/trust"
)

// The fake's command is one of this package's making, so that once Debian's own
// must do, in folders of the test.
func TestStepWithTheRealCommand(t *testing.T) {
	t.Parallel()
	script, err := exec.LookPath("update-ca-certificates")
	if err != nil {
		t.Skip("update-ca-certificates is not installed")
	}
	if text, err := os.ReadFile(script); err != nil || !bytes.Contains(text, []byte("--localcertsdir")) {
		t.Skipf("this update-ca-certificates takes no folders (%v)", err)
	}
	spec := folders(t)
	h, err := host.Open("/", host.Options{StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()

	spec.Certificates = []trust.Certificate{
		{Name: "corp", PEM: join(authority(t, "corp"), authority(t, "expired"))}, {Name: "leaf", PEM: authority(t, "leaf")},
	}
	undo := apply(t, h, spec)
	const all = "CN=corp CN=expired CN=leaf CN=second"
	wantSubjects(t, spec.Bundle, all)
	wantConverged(t, h, spec)

	if err := os.WriteFile(spec.Bundle, []byte(authority(t, "second")), 0o644); err != nil {
		t.Fatal(err)
	}
	apply(t, h, spec)
	wantSubjects(t, spec.Bundle, all)

	if err := undo.Do(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	wantSubjects(t, spec.Bundle, "CN=second")
	if left, err := os.ReadDir(spec.Dir); err != nil || len(left) != 1 {
		t.Errorf("got %v, %v, want the distribution's own alone again", left, err)
	}
	// One by its name, one by its hash, which is how OpenSSL finds it.
	if links, err := filepath.Glob(filepath.Join(filepath.Dir(spec.Bundle), "*.[p0]*")); err != nil || len(links) != 2 {
		t.Errorf("got links %v, %v, want those of one certificate", links, err)
	}
}

// folders are facts that lead the command into folders of the test. Without --fresh
// Debian's script leaves the links of files that are gone, and those of a file that
// holds another certificate now.
func folders(t *testing.T) trust.Spec {
	t.Helper()
	top := t.TempDir()
	at := func(name string) string { return filepath.Join(top, name) }
	for _, folder := range []string{"local", "certs", "hooks"} {
		if err := os.Mkdir(at(folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range map[string]string{"conf": "# an empty one would imply --fresh\n", "local/site.crt": authority(t, "second")} {
		if err := os.WriteFile(at(name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return trust.Spec{
		Dir: at("local"), Suffix: ".crt", Bundle: filepath.Join(at("certs"), "ca-certificates.crt"),
		Update: []string{"update-ca-certificates", "--fresh", "--certsconf", at("conf"), "--localcertsdir", at("local"), "--etccertsdir", at("certs"), "--hooksdir", at("hooks")},
	}
}

// apply does the one op of the plan and returns the way back.
func apply(t *testing.T, h host.Host, spec trust.Spec) steps.Op {
	t.Helper()
	ops, err := trust.New(spec).Plan(t.Context(), h)
	if _, failure := steps.Split(err); failure != nil || len(ops) != 1 {
		t.Fatalf("got %d ops, %v, want one", len(ops), err)
	}
	undo, err := ops[0].Inverse(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	if err := ops[0].Do(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	return undo
}

func wantConverged(t *testing.T, h host.Host, spec trust.Spec) {
	t.Helper()
	ops, err := trust.New(spec).Plan(t.Context(), h)
	if _, failure := steps.Split(err); failure != nil || len(ops) > 0 {
		t.Errorf("got %v, %v, want nothing more to do", ops, err)
	}
}

func wantSubjects(t *testing.T, bundle, want string) {
	t.Helper()
	content, err := os.ReadFile(bundle)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var subjects []string
	for {
		var block *pem.Block
		if block, content = pem.Decode(content); block == nil {
			break
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		subjects = append(subjects, cert.Subject.String())
	}
	if got := strings.Join(subjects, " "); got != want {
		t.Errorf("the bundle holds %q, want %q", got, want)
	}
}
