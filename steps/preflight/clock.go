package preflight

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/hostler-dev/hostler/steps/host"
)

const setClock = "Set the clock, and have it kept: operatingSystem.timeSync: Enabled."

// checkClock finds a clock that stands at the beginning of time, as after an empty battery.
func checkClock(_ context.Context, _ host.View, s Spec) ([]Finding, error) {
	if s.Now.IsZero() || s.Built.IsZero() || !s.Now.Before(s.Built) {
		return nil, nil
	}
	return []Finding{failure(setClock, "the clock says %s, and this hostler was built on %s: no certificate is valid yet",
		s.Now.UTC().Format(time.DateTime), s.Built.UTC().Format(time.DateOnly))}, nil
}

func checkClockSync(_ context.Context, v host.View, _ Spec) ([]Finding, error) {
	synchronised, err := v.ClockSynchronised()
	if err != nil || synchronised {
		return nil, err
	}
	return []Finding{warning(setClock, "nothing keeps the clock in time: certificates, leases and logs go by it")}, nil
}

// checkCertificate reads the kubelet's own certificate, where it has one.
func checkCertificate(_ context.Context, v host.View, s Spec) ([]Finding, error) {
	name := path.Join(s.KubeletDir, "pki/kubelet-client-current.pem")
	content, err := v.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) || s.Now.IsZero() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	certificate, err := firstCertificate(content)
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	switch {
	case s.Now.Before(certificate.NotBefore):
		return []Finding{failure(setClock, "the clock says %s, and the kubelet's certificate begins on %s", s.Now.UTC().Format(time.DateTime), certificate.NotBefore.UTC().Format(time.DateTime))}, nil
	case s.Now.After(certificate.NotAfter):
		return []Finding{failure("If the clock is right, remove "+name+" and let the kubelet join again with a new bootstrap token.",
			"the kubelet's certificate ended on %s: the API server does not let it in", certificate.NotAfter.UTC().Format(time.DateTime))}, nil
	}
	return nil, nil
}

func firstCertificate(content []byte) (*x509.Certificate, error) {
	for {
		var block *pem.Block
		if block, content = pem.Decode(content); block == nil {
			return nil, errors.New("it holds no certificate")
		}
		if block.Type == "CERTIFICATE" {
			return x509.ParseCertificate(block.Bytes)
		}
	}
}
