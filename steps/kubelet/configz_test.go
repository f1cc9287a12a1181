package kubelet

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/kubelet/config"
)

// keyPair is a self-signed certificate and its key, in one PEM file as the kubelet
// keeps them.
func keyPair(t *testing.T, name string) (file []byte, pair tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file = append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})...)
	if pair, err = tls.X509KeyPair(file, file); err != nil {
		t.Fatal(err)
	}
	return file, pair
}

// liveKubelet is a server that answers as a kubelet, and the host that it runs on.
func liveKubelet(t *testing.T, status int, body string, more ...hosttest.Option) (Configz, *hosttest.Fake) {
	t.Helper()
	client, clientPair := keyPair(t, "system:node:node-7")
	served, serverPair := keyPair(t, "node-7")
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/configz" || !bytes.Equal(r.TLS.PeerCertificates[0].Raw, clientPair.Certificate[0]) {
			t.Errorf("got a request for %s by %s", r.URL.Path, r.TLS.PeerCertificates[0].Subject)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{serverPair}, ClientAuth: tls.RequireAnyClientCert}
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	f := configuredHost(t, append([]hosttest.Option{
		hosttest.File(ConfigPath, "kind: KubeletConfiguration\nmaxPods: 150\nsyncFrequency: 60s\n"),
		hosttest.File(KubeconfigPath, kubeconfig), hosttest.File(clientCertificate, string(client)),
		hosttest.File("/var/lib/kubelet/pki/kubelet.crt", string(served)),
	}, more...)...)
	return Configz{Address: server.Listener.Addr().String()}, f
}

func TestConfigzCompares(t *testing.T) {
	t.Parallel()
	other, _ := keyPair(t, "somebody else")
	const equal = `{"kubeletconfig": {"maxPods": 150, "syncFrequency": "1m0s", "port": 10250}}`
	cases := map[string]struct {
		status  int
		body    string
		host    []hosttest.Option
		verdict Verdict
		message string
		probe   error // nil: well; errWarns: may not judge; errNotWell: any other error than ErrAbsent
	}{
		"as written": {http.StatusOK, equal, nil, Same, "was written", nil},
		"different": {http.StatusOK, `{"kubeletconfig": {"maxPods": 110, "syncFrequency": "1m0s"}}`, nil, Different,
			"maxPods is 110, and 150 was written; look for flags", errNotWell},
		"forbidden": {http.StatusForbidden, "Forbidden (user=system:node:node-7, verb=get, resource=nodes, subresource(s)=[configz proxy])\n", nil, Forbidden,
			"may not be read: Forbidden (user=system:node:node-7, verb=get, resource=nodes, subresource(s)=[configz proxy]); give group system:nodes the verb get on nodes/configz", errWarns},
		"not authenticated": {http.StatusUnauthorized, "Unauthorized", nil, Unreachable, "it answers 401 Unauthorized: Unauthorized", errNotWell},
		"another server": {http.StatusOK, equal, []hosttest.Option{hosttest.File("/var/lib/kubelet/pki/kubelet.crt", string(other))}, Unreachable,
			"whoever answers has another certificate than the kubelet's", errNotWell},
		"a certificate that the cluster issued is not served": {http.StatusOK, equal, []hosttest.Option{
			hosttest.File("/var/lib/kubelet/pki/kubelet-server-current.pem", string(other)),
		}, Same, "", nil}, // one that came a moment ago; the old one is still served
		"no serving certificate": {http.StatusOK, equal, []hosttest.Option{hosttest.Absent("/var/lib/kubelet/pki/kubelet.crt")}, Absent, "no serving certificate yet", steps.ErrAbsent},
		"not joined":             {http.StatusOK, equal, []hosttest.Option{hosttest.Absent(KubeconfigPath)}, Absent, "has no certificate yet", steps.ErrAbsent},
		"no client certificate":  {http.StatusOK, equal, []hosttest.Option{hosttest.Absent(clientCertificate)}, Absent, clientCertificate, steps.ErrAbsent},
		"not configured":         {http.StatusOK, equal, []hosttest.Option{hosttest.Absent(ConfigPath)}, Absent, "no kubelet that hostler configured", steps.ErrAbsent},
		"an image":               {http.StatusOK, equal, []hosttest.Option{hosttest.Image()}, Absent, "no kubelet that hostler configured", steps.ErrAbsent},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			probe, f := liveKubelet(t, c.status, c.body, c.host...)
			got, err := probe.Compare(t.Context(), f)
			if err != nil || got.Verdict != c.verdict || !strings.Contains(got.Message, c.message) {
				t.Errorf("got %s %q, %v, want %s with %q", got.Verdict, got.Message, err, c.verdict, c.message)
			}
			err = probe.Check(t.Context(), f)
			remarks, fault := steps.Split(err)
			if warns := len(remarks) > 0 && fault == nil; warns != errors.Is(c.probe, errWarns) {
				t.Errorf("probe: got %v, want %v", err, c.probe)
			}
			absent := errors.Is(err, steps.ErrAbsent)
			if (err == nil) != (c.probe == nil) || absent != errors.Is(c.probe, steps.ErrAbsent) {
				t.Errorf("probe: got %v, want %v", err, c.probe)
			}
			if err != nil && !strings.Contains(err.Error(), c.message) {
				t.Errorf("probe: got %v, want it to say %q", err, c.message)
			}
		})
	}
}

var (
	errNotWell = errors.New("not well")
	errWarns   = errors.New("a warning alone")
)

func TestConfigzFailsOverFilesThatAreNone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		host hosttest.Option
		want string
	}{
		"the configuration":      {hosttest.File(ConfigPath, "\t{"), "reading " + ConfigPath},
		"the kubeconfig":         {hosttest.File(KubeconfigPath, "\t{"), KubeconfigPath + " is not a kubeconfig"},
		"the client certificate": {hosttest.File(clientCertificate, "secret"), "the client certificate that " + KubeconfigPath + " names"},
	} {
		probe, f := liveKubelet(t, http.StatusOK, "", c.host)
		if _, err := probe.Compare(t.Context(), f); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	probe, f := liveKubelet(t, http.StatusOK, "not JSON")
	if _, err := probe.Compare(t.Context(), f); err == nil || !strings.Contains(err.Error(), "reading the kubelet's answer") {
		t.Errorf("an answer that is none: got %v", err)
	}
}

func TestConfigzWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	probe, f := liveKubelet(t, http.StatusOK, "")
	probe.Address = "127.0.0.1:1" // nobody listens on tcpmux
	got, err := probe.Compare(t.Context(), f)
	if err != nil || got.Verdict != Unreachable || !strings.Contains(got.Message, "does not tell its live configuration") {
		t.Errorf("got %+v, %v, want it unreachable", got, err)
	}
}

func TestConfigzTakesACredentialInTheKubeconfig(t *testing.T) {
	t.Parallel()
	probe, f := liveKubelet(t, http.StatusOK, `{"kubeletconfig": {"maxPods": 150, "syncFrequency": "1m0s"}}`)
	data := base64.StdEncoding.EncodeToString([]byte(f.Content(clientCertificate)))
	f.Change(hosttest.Absent(clientCertificate),
		hosttest.File(KubeconfigPath, fmt.Sprintf("kind: Config\nusers: [{user: {client-certificate-data: %s, client-key-data: %s}}]\n", data, data)))
	if got, err := probe.Compare(t.Context(), f); err != nil || got.Verdict != Same {
		t.Errorf("got %+v, %v, want %s", got, err, Same)
	}
}

func TestConfigzNamesTheFirstDifferences(t *testing.T) {
	t.Parallel()
	written := "a: 1\nb: 1\nc: 1\nd: 1\ne: 1\nf: 1\ng: 1\n"
	got, err := judge([]byte(written), []byte(`{"kubeletconfig": {"a": 2, "b": 1}}`))
	if err != nil || len(got.Differences) != 6 || !strings.HasPrefix(got.Message[strings.Index(got.Message, ": ")+2:], "a is 2, and 1 was written; c is not set") {
		t.Errorf("got %+v, %v", got, err)
	}
	if !strings.Contains(got.Message, "; and 1 more; look for") || strings.Contains(got.Message, "g is") {
		t.Errorf("got message %q, want five fields and the number of the others", got.Message)
	}
	if diff := cmp.Diff(config.Difference{Field: "a", Written: "1", Live: "2"}, got.Differences[0]); diff != "" {
		t.Errorf("first difference (-want +got):\n%s", diff)
	}
}

func TestConfigzAsksWhereTheKubeletServes(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		"":                        "127.0.0.1:10250",
		"address: 0.0.0.0\n":      "127.0.0.1:10250",
		"address: '::'\n":         "127.0.0.1:10250",
		"address: 10.0.0.7\n":     "10.0.0.7:10250",
		"address: fd00::7\n":      "[fd00::7]:10250",
		"port: 10350\n":           "127.0.0.1:10350",
		"tlsCertFile: /pki/x.c\n": "127.0.0.1:10250",
	} {
		where, err := readServing([]byte(written))
		if err != nil || where.address() != want {
			t.Errorf("%q: got %s, %v, want %s", written, where.address(), err, want)
		}
	}
}

func TestConfigzPinsTheCertificateThatIsConfigured(t *testing.T) {
	t.Parallel()
	probe, f := liveKubelet(t, http.StatusOK, `{"kubeletconfig": {"tlsCertFile": "/pki/x.crt"}}`)
	f.Change(hosttest.File(ConfigPath, "tlsCertFile: /pki/x.crt\n"), hosttest.File("/pki/x.crt", f.Content("/var/lib/kubelet/pki/kubelet.crt")))
	if got, err := probe.Compare(t.Context(), f); err != nil || got.Verdict != Same {
		t.Errorf("got %+v, %v, want %s", got, err, Same)
	}
	other, _ := keyPair(t, "somebody else")
	f.Change(hosttest.File("/pki/x.crt", string(other)))
	if got, err := probe.Compare(t.Context(), f); err != nil || got.Verdict != Unreachable {
		t.Errorf("got %+v, %v, want %s: /var/lib/kubelet/pki/kubelet.crt is not what it serves", got, err, Unreachable)
	}
}
