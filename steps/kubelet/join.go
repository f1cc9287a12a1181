package kubelet

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// check finds what is wrong with the join by itself.
func (j Join) check() error {
	var problems []error
	if j.APIServer != "" {
		problems = append(problems, checkAPIServer(j.APIServer))
	}
	problems = append(problems,
		cleanPath("--ca-file", j.CAFile), cleanPath("--token-file", j.TokenFile), cleanPath("bootstrap kubeconfig", j.BootstrapKubeconfig))
	if j.BootstrapKubeconfig != "" && (j.APIServer != "" || j.TokenFile != "") {
		problems = append(problems, errors.New("a bootstrap kubeconfig is given, and --api-server or --token-file as well: give one of the two"))
	}
	if (j.APIServer == "") != (j.TokenFile == "") {
		problems = append(problems, errors.New("to join, the kubelet needs both --api-server and --token-file"))
	}
	return errors.Join(problems...)
}

// checkAPIServer insists on TLS: the token is in the first request.
func checkAPIServer(text string) error {
	u, err := url.Parse(text)
	if err != nil {
		return fmt.Errorf("--api-server: %w", err)
	}
	if u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("--api-server %q is not a URL such as https://10.0.0.1:6443", text)
	}
	return nil
}

// bootstrapKubeconfig names the token's file and holds no secret. The kubelet
// reads the token when it asks for its certificate, and writes a kubeconfig of
// its own, without the token, when it has one.
func bootstrapKubeconfig(j Join) ([]byte, error) {
	type object = map[string]any
	const name = "bootstrap"
	content, err := yaml.Marshal(object{
		"apiVersion": "v1",
		"kind":       "Config",
		"clusters": []object{{"name": name, "cluster": object{
			"server": j.APIServer, "certificate-authority": CAPath,
		}}},
		"users":           []object{{"name": name, "user": object{"tokenFile": j.TokenFile}}},
		"contexts":        []object{{"name": name, "context": object{"cluster": name, "user": name}}},
		"current-context": name,
	})
	if err != nil {
		return nil, fmt.Errorf("encoding the bootstrap kubeconfig: %w", err)
	}
	return append([]byte("# Written by hostler. The token stays in its own file.\n"), content...), nil
}

// certificates returns the certificates of a PEM file and nothing else of it,
// because the copy is readable by all. A private key in the file means that the
// wrong one was named.
func certificates(content []byte) ([]byte, error) {
	var out bytes.Buffer
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		if strings.Contains(block.Type, "PRIVATE KEY") {
			return nil, errors.New("it holds a private key: give the file with the CA's certificate only")
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return nil, err
		}
		if err := pem.Encode(&out, &pem.Block{Type: block.Type, Bytes: block.Bytes}); err != nil {
			return nil, err
		}
	}
	if out.Len() == 0 {
		return nil, errors.New("it holds no certificate in PEM form")
	}
	return out.Bytes(), nil
}

// identity is what the host needs on disk to be let into the cluster.
type identity struct {
	files []op.FileWish
	// bootstrap is the file that --bootstrap-kubeconfig names.
	bootstrap string
	// joined tells that the kubelet has its own certificate already.
	joined bool
}

// planIdentity says what is missing to join. A failure names what to give.
func (s Spec) planIdentity(v host.View) (identity, error) {
	id := identity{bootstrap: BootstrapPath}
	joined, err := hasJoined(v)
	if err != nil {
		return id, err
	}
	id.joined = joined
	authority, caErr := s.planCA(v)
	if authority != nil {
		id.files = append(id.files, *authority)
	}
	if s.Join.BootstrapKubeconfig != "" {
		id.bootstrap = s.Join.BootstrapKubeconfig
	}
	tokenErr := s.planBootstrap(v, &id)
	return id, errors.Join(caErr, tokenErr)
}

// planCA returns the cluster's CA certificates as they should be at CAPath; nil
// leaves alone what is there.
func (s Spec) planCA(v host.View) (*op.FileWish, error) {
	if s.Join.CAFile == "" || s.Join.CAFile == CAPath {
		there, err := exists(v, CAPath)
		if err != nil || there || !v.Live() {
			return nil, err
		}
		return nil, fmt.Errorf("the kubelet needs the cluster's CA certificate, and there is no %s: give it with --ca-file FILE", CAPath)
	}
	content, err := v.ReadFile(s.Join.CAFile)
	if err != nil {
		return nil, fmt.Errorf("--ca-file: %w", err)
	}
	content, err = certificates(content)
	if err != nil {
		return nil, fmt.Errorf("--ca-file %s: %w", s.Join.CAFile, err)
	}
	return &op.FileWish{Path: CAPath, Content: content, Attr: host.Attr{Mode: 0o644}}, nil
}

// planBootstrap adds the bootstrap kubeconfig, or finds that none is needed.
func (s Spec) planBootstrap(v host.View, id *identity) error {
	if s.Join.APIServer == "" {
		there, err := exists(v, id.bootstrap)
		switch {
		case err != nil || there || id.joined || !v.Live():
			return err
		case s.Join.BootstrapKubeconfig != "":
			return fmt.Errorf("the bootstrap kubeconfig %s does not exist", id.bootstrap)
		}
		return fmt.Errorf("this host has not joined a cluster (%s has no certificate, and there is no %s): give --api-server URL, --ca-file FILE and --token-file FILE",
			KubeconfigPath, BootstrapPath)
	}
	content, err := bootstrapKubeconfig(s.Join)
	if err != nil {
		return err
	}
	id.files = append(id.files, op.FileWish{Path: BootstrapPath, Content: content, Attr: host.Attr{Mode: 0o644}})
	if id.joined || !v.Live() {
		return nil // the token has done its work, or is not there yet
	}
	info, err := v.Stat(s.Join.TokenFile)
	switch {
	case err != nil:
		return fmt.Errorf("--token-file: %w", err)
	case !info.Mode.IsRegular():
		return fmt.Errorf("--token-file %s is not a regular file", s.Join.TokenFile)
	case info.Mode&0o077 != 0:
		return steps.Warning("others than root may read the join token in %s: chmod 0600 it", s.Join.TokenFile)
	}
	return nil
}

// hasJoined tells whether the kubelet has a certificate. Its kubeconfig alone does
// not say so: a kubelet that rotates its certificate writes the file before the
// first one is issued, and falls back to the bootstrap kubeconfig until then.
func hasJoined(v host.View) (bool, error) {
	user, err := kubeletUser(v)
	switch {
	case errors.Is(err, errNotJoined):
		return false, nil
	case err != nil:
		return false, err
	case len(user.CertificateData) > 0:
		return true, nil
	}
	return exists(v, beside(KubeconfigPath, user.Certificate))
}

func exists(v host.View, file string) (bool, error) {
	_, err := v.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
