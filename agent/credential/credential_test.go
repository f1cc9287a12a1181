package credential_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/agent/credential"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

const (
	path       = "/etc/kubernetes/kubelet.conf"
	pem        = "/var/lib/kubelet/pki/kubelet-client-current.pem"
	kubeconfig = `
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://10.0.0.1:6443", certificate-authority: /etc/kubernetes/pki/ca.crt}}]
users: [{name: u, user: {client-certificate: ` + pem + `, client-key: ` + pem + `}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
`
)

func TestLoad(t *testing.T) {
	t.Parallel()
	t.Run("reads what the kubeconfig names", func(t *testing.T) {
		t.Parallel()
		f := hosttest.New(hosttest.File(path, kubeconfig), hosttest.File("/etc/kubernetes/pki/ca.crt", "ca"), hosttest.File(pem, "pair"))
		config, err := credential.Load(f, path)
		if err != nil {
			t.Fatal(err)
		}
		if config.Host != "https://10.0.0.1:6443" || string(config.CAData) != "ca" || string(config.CertData) != "pair" || string(config.KeyData) != "pair" {
			t.Errorf("got %+v, want the server and the contents of the files", config)
		}
		if config.CAFile != "" || config.CertFile != "" || config.KeyFile != "" {
			t.Errorf("got file names %q, %q, %q, which mean nothing to this process", config.CAFile, config.CertFile, config.KeyFile)
		}
		want := []string{path, "/etc/kubernetes/pki/ca.crt", pem}
		if diff := cmp.Diff(want, credential.Files(f, path)); diff != "" {
			t.Errorf("files differ (-want +got):\n%s", diff)
		}
	})
	t.Run("says that a file is not there yet", func(t *testing.T) {
		t.Parallel()
		for name, f := range map[string]*hosttest.Fake{
			"the kubeconfig":  hosttest.New(),
			"the certificate": hosttest.New(hosttest.File(path, kubeconfig), hosttest.File("/etc/kubernetes/pki/ca.crt", "ca")),
		} {
			if _, err := credential.Load(f, path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("got %v without %s, want fs.ErrNotExist", err, name)
			}
		}
		if diff := cmp.Diff([]string{path}, credential.Files(hosttest.New(), path)); diff != "" {
			t.Errorf("files differ (-want +got):\n%s", diff)
		}
	})
	t.Run("says what is wrong with a kubeconfig", func(t *testing.T) {
		t.Parallel()
		for _, content := range []string{"{", "kind: Config", "apiVersion: v1\nkind: Config\ncurrent-context: x"} {
			if _, err := credential.Load(hosttest.New(hosttest.File(path, content)), path); err == nil || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("got %v for %q, want it refused", err, content)
			}
		}
	})
}

func TestFollow(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	file := filepath.Join(root, "etc/kubernetes/kubelet.conf")
	changed := make(chan struct{}, 100)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		credential.Follow(ctx, func() []string { return []string{file} }, func() { changed <- struct{}{} })
	}()
	wait := func(what string) {
		t.Helper()
		select {
		case <-changed:
		case <-time.After(9 * time.Second): // less than what a second look without being told would take
			t.Fatalf("not told of %s", what)
		}
	}
	do := func(errs ...error) {
		t.Helper()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
	}
	wait("how it is at the start")
	do(os.MkdirAll(filepath.Dir(file), 0o700))
	do(os.WriteFile(file, []byte("1"), 0o600))
	wait("a file in folders that were not there")
	do(os.WriteFile(file+".new", []byte("2"), 0o600), os.Rename(file+".new", file))
	wait("a file that takes its place")
	do(os.WriteFile(filepath.Join(filepath.Dir(file), "a"), []byte("a"), 0o600), os.WriteFile(filepath.Join(filepath.Dir(file), "b"), []byte("b"), 0o600))
	do(os.Symlink("a", file+".new"), os.Rename(file+".new", file))
	wait("a link that takes its place")
	do(os.Symlink("b", file+".new"), os.Rename(file+".new", file))
	wait("a link that leads elsewhere")
	do(os.RemoveAll(filepath.Join(root, "etc")))
	wait("folders that are gone")
	do(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte("3"), 0o600))
	wait("folders that are back")
	cancel()
	select {
	case <-ended:
	case <-time.After(9 * time.Second):
		t.Error("it does not end")
	}
}
