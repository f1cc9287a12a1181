package kubelet

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"sigs.k8s.io/yaml"

	"github.com/hostler-dev/hostler/steps/host"
)

// servingCertificates are the files with the kubelet's serving certificate: the one
// that the cluster issued (serverTLSBootstrap), or the one that it made for itself.
var servingCertificates = []string{
	DefaultRootDir + "/pki/kubelet-server-current.pem",
	DefaultRootDir + "/pki/kubelet.crt",
}

var errNotJoined = errors.New("the kubelet has no certificate yet")

// peerTLS is for talking to this host's kubelet as itself. Its serving certificate is
// signed by nobody that is known, by default, and for names that say little, so that it
// is compared with the files that the kubelet serves it from: who can write those
// is root here.
func peerTLS(v host.View, where serving) (*tls.Config, error) {
	own, err := clientKeyPair(v)
	if err != nil {
		return nil, err
	}
	files := servingCertificates
	if where.TLSCertFile != "" {
		files = []string{path.Clean(where.TLSCertFile)}
	}
	var known [][]byte
	for _, file := range files {
		content, err := v.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) && len(files) > 1 {
			continue
		}
		if err != nil {
			return nil, err
		}
		known = append(known, leaf(content))
	}
	if len(known) == 0 {
		return nil, fmt.Errorf("the kubelet has no serving certificate yet, neither %s nor %s: %w", files[0], files[1], fs.ErrNotExist)
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		Certificates:       []tls.Certificate{own},
		InsecureSkipVerify: true, //nolint:gosec // VerifyConnection is stricter: one certificate and no other
		VerifyConnection: func(state tls.ConnectionState) error {
			for _, certificate := range known {
				if len(state.PeerCertificates) > 0 && bytes.Equal(state.PeerCertificates[0].Raw, certificate) {
					return nil
				}
			}
			return fmt.Errorf("whoever answers has another certificate than the kubelet's in %v", files)
		},
	}, nil
}

// leaf is the first certificate of a PEM file, in DER; nil: there is none.
func leaf(content []byte) []byte {
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return nil
		}
		return block.Bytes
	}
	return nil
}

// credential is a user of a kubeconfig, as far as it is one with a certificate.
type credential struct {
	Certificate     string `json:"client-certificate"`
	CertificateData []byte `json:"client-certificate-data"`
	Key             string `json:"client-key"`
	KeyData         []byte `json:"client-key-data"`
}

// clientKeyPair reads the kubelet's client certificate and key. They go into the
// connection and nowhere else.
func clientKeyPair(v host.View) (tls.Certificate, error) {
	user, err := kubeletUser(v)
	if err != nil {
		return tls.Certificate{}, err
	}
	certificate, err := inlineOrFile(v, user.CertificateData, user.Certificate)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := inlineOrFile(v, user.KeyData, user.Key)
	if err != nil {
		return tls.Certificate{}, err
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("the client certificate that %s names: %w", KubeconfigPath, err)
	}
	return pair, nil
}

// kubeletUser is the user of the kubelet's kubeconfig; errNotJoined: it has none.
func kubeletUser(v host.View) (credential, error) {
	content, err := v.ReadFile(KubeconfigPath)
	if errors.Is(err, fs.ErrNotExist) {
		return credential{}, errNotJoined
	}
	if err != nil {
		return credential{}, err
	}
	var kubeconfig struct {
		Users []struct {
			User credential `json:"user"`
		} `json:"users"`
	}
	// The parser's error is not passed on: it could quote a key.
	if yaml.Unmarshal(content, &kubeconfig) != nil {
		return credential{}, fmt.Errorf("%s is not a kubeconfig: remove it to join anew", KubeconfigPath)
	}
	for _, u := range kubeconfig.Users {
		if u.User.Certificate != "" || len(u.User.CertificateData) > 0 {
			return u.User, nil
		}
	}
	return credential{}, errNotJoined
}

func inlineOrFile(v host.View, data []byte, file string) ([]byte, error) {
	if len(data) > 0 {
		return data, nil
	}
	return v.ReadFile(beside(KubeconfigPath, file))
}

// beside resolves a path in a kubeconfig, which may be relative to its folder.
func beside(kubeconfig, file string) string {
	if !path.IsAbs(file) {
		file = path.Join(path.Dir(kubeconfig), file)
	}
	return path.Clean(file)
}
