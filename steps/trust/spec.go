package trust

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/hostler-dev/hostler/steps"
)

// Spec is the wish, with the facts of the distribution.
type Spec struct {
	// Certificates to trust. None means that those of hostler go.
	Certificates []Certificate
	// Dir takes the administrator's certificates, as files with the suffix.
	Dir, Suffix string
	// Update is the command that makes the bundles anew, also after a file went or holds
	// something else: Debian's update-ca-certificates does so only with --fresh.
	Update []string
	// Bundle is the file that Go programs read.
	Bundle string
	// Package brings the command, for people.
	Package string
	// Restart are units that read the bundle only when they start, such as a
	// container runtime. Those that run are restarted when the certificates change.
	Restart []Unit
}

// Certificate is an authority, or several that go together.
type Certificate struct {
	// Name is in the name of the file: small letters, digits, dots and dashes.
	Name string
	// PEM holds certificates and, around them, any text.
	PEM string
}

// Unit is one that is restarted, and what that costs the workloads.
type Unit struct {
	Name string
	Cost steps.Impact
}

const field = "operatingSystem.caCertificates"

// prefix marks the files as hostler's.
const prefix = "hostler-"

// authority is one certificate of the wish.
type authority struct {
	file string // full path
	cert *x509.Certificate
}

// content is the file: nothing but the certificate, and a newline at its end,
// because update-ca-certificates puts the files together as they are.
func (a authority) content() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// describe tells people which one it is.
func (a authority) describe() string {
	return fmt.Sprintf("%s: %s, sha256 %.12x, valid until %s",
		path.Base(a.file), a.cert.Subject, sha256.Sum256(a.cert.Raw), a.cert.NotAfter.UTC().Format(time.DateOnly))
}

// usable tells whether every tool takes it for an authority of now.
func (a authority) usable(now time.Time) bool { return a.cert.IsCA && now.Before(a.cert.NotAfter) }

// Check reports everything that is wrong with the Spec itself, joined.
func (s Spec) Check() error {
	_, err := s.authorities()
	return err
}

// namePattern leaves out "_", which stands before the numbers of files.
var namePattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`)

func (s Spec) authorities() ([]authority, error) {
	if len(s.Certificates) == 0 {
		return nil, nil
	}
	if s.Dir == "" || s.Suffix == "" || len(s.Update) == 0 {
		return nil, fmt.Errorf("%s: it is not known where this distribution keeps them: install them by hand and take them out of the NodeGroup", field)
	}
	var found []authority
	var errs []error
	names := map[string]bool{}
	for _, c := range s.Certificates {
		certs, err := parse(c.PEM)
		switch {
		case !namePattern.MatchString(c.Name):
			err = errors.New("the name must be of small letters, digits, dots and dashes")
		case names[c.Name]:
			err = errors.New("the name comes twice: rename one")
		}
		names[c.Name] = true
		if err != nil {
			errs = append(errs, fmt.Errorf("%s[%s]: %w", field, c.Name, err))
			continue
		}
		for i, cert := range certs {
			name := prefix + c.Name
			if i > 0 {
				name = fmt.Sprintf("%s_%d", name, i+1)
			}
			found = append(found, authority{path.Join(s.Dir, name+s.Suffix), cert})
		}
	}
	return found, errors.Join(errs...)
}

// parse reads all certificates of a text. Anything else in PEM is an error: a
// private key in a NodeGroup has been read by others already.
func parse(text string) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	rest := []byte(strings.TrimSpace(text))
	for {
		var block *pem.Block
		block, rest = pem.Decode(rest)
		if block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("it holds a %s: leave only certificates in it", block.Type)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(certs)+1, err)
		}
		certs = append(certs, cert)
	}
	if len(certs) == 0 || strings.Contains(string(rest), "-----BEGIN") {
		return nil, fmt.Errorf("certificate %d is no PEM: copy it anew, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----", len(certs)+1)
	}
	return certs, nil
}
