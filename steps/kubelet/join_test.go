package kubelet

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

// fixedCA is a certificate whose key nobody has.
const fixedCA = `-----BEGIN CERTIFICATE-----
MIIBfDCCASGgAwIBAgIUGz1csAtHfeHphrkizhz7wJiBwnMwCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHdGVzdC1jYTAgFw0yNjExMjEyMTAyMTFaGA8yMTI2MTAyODIx
MDIxMVowEjEQMA4GA1UEAwwHdGVzdC1jYTBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABFlwfYUHLYRgxaxSdCS5HcVQWmO45HRyuEnp+ugwrJMF8Etxhqg4mRBl9rdB
pYVgjLT9XNoVyhUbWil5DTIO+vyjUzBRMB0GA1UdDgQWBBRbXqyiUFTOO6HqecDv
eATq3a2hFjAfBgNVHSMEGDAWgBRbXqyiUFTOO6HqecDveATq3a2hFjAPBgNVHRMB
Af8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQCDQ9l2Ik4obCgk0rR4qiW+VumI
qWknN4iQ008ajGNhCwIhAPyHp/qEm8QL7icFKBxlAGNi55qHfXDw2bPTLef0MzdR
-----END CERTIFICATE-----
`

var newKey = sync.OnceValues(func() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) })

func newCertificate(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := newKey()
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour), IsCA: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}

func TestCertificates(t *testing.T) {
	t.Parallel()
	certificate, key := newCertificate(t)
	valid := map[string]struct{ in, want string }{
		"one":                 {certificate, certificate},
		"two, of a rotation":  {certificate + certificate, certificate + certificate},
		"text around dropped": {"# our CA\n" + certificate + "\nend\n", certificate},
	}
	for name, c := range valid {
		got, err := certificates([]byte(c.in))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	invalid := map[string]struct{ in, want string }{
		"nothing":                 {"", "no certificate"},
		"a private key":           {certificate + key, "private key"},
		"a broken certificate":    {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "x509"},
		"something else in PEM":   {"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "no certificate"},
		"a certificate in DER":    {"0\x82\x01\x0a", "no certificate"},
		"a private key by itself": {key, "private key"},
	}
	for name, c := range invalid {
		if _, err := certificates([]byte(c.in)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, c.want)
		}
	}
}

func TestJoinCheck(t *testing.T) {
	t.Parallel()
	valid := Join{APIServer: "https://10.0.0.1:6443", CAFile: "/root/ca.crt", TokenFile: "/root/token"}
	for name, join := range map[string]Join{
		"nothing": {}, "all": valid, "a CA alone": {CAFile: "/root/ca.crt"},
		"a bootstrap kubeconfig": {BootstrapKubeconfig: "/root/bootstrap.conf", CAFile: "/root/ca.crt"},
	} {
		if err := join.check(); err != nil {
			t.Errorf("%s: got %v, want none", name, err)
		}
	}
	for name, mutate := range map[string]func(*Join){
		"no token":                    func(j *Join) { j.TokenFile = "" },
		"no API server":               func(j *Join) { j.APIServer = "" },
		"no TLS":                      func(j *Join) { j.APIServer = "http://10.0.0.1:6443" },
		"a host without a scheme":     func(j *Join) { j.APIServer = "10.0.0.1:6443" },
		"a password in the URL":       func(j *Join) { j.APIServer = "https://me:secret@10.0.0.1:6443" },
		"a relative token file":       func(j *Join) { j.TokenFile = "token" },
		"a path that is not clean":    func(j *Join) { j.CAFile = "/root/../ca.crt" },
		"two ways into the cluster":   func(j *Join) { j.BootstrapKubeconfig = "/root/bootstrap.conf" },
		"a query in the URL":          func(j *Join) { j.APIServer += "?x=y" },
		"a URL that cannot be parsed": func(j *Join) { j.APIServer = "https://%zz" },
	} {
		join := valid
		mutate(&join)
		if err := join.check(); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

func TestBootstrapKubeconfig(t *testing.T) {
	t.Parallel()
	got, err := bootstrapKubeconfig(Join{APIServer: "https://10.0.0.1:6443", TokenFile: "/root/token"})
	if err != nil {
		t.Fatal(err)
	}
	const want = `# Written by hostler. The token stays in its own file.
apiVersion: v1
clusters:
- cluster:
    certificate-authority: /etc/kubernetes/pki/ca.crt
    server: https://10.0.0.1:6443
  name: bootstrap
contexts:
- context:
    cluster: bootstrap
    user: bootstrap
  name: bootstrap
current-context: bootstrap
kind: Config
users:
- name: bootstrap
  user:
    tokenFile: /root/token
`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestPlanIdentity(t *testing.T) {
	t.Parallel()
	join := worker("1.36.3").Join
	in := []hosttest.Option{hosttest.File(KubeconfigPath, kubeconfig), hosttest.File(clientCertificate, "")}
	ca := hosttest.File(CAPath, fixedCA)
	cases := map[string]struct {
		join      Join
		host      []hosttest.Option
		files     []string
		bootstrap string
		remark    string
	}{
		"writes both files to join":                {join, nil, []string{CAPath, BootstrapPath}, BootstrapPath, ""},
		"needs nothing once joined":                {Join{}, append(in[:2:2], ca), nil, BootstrapPath, ""},
		"needs no token once joined":               {join, append(in[:2:2], ca, hosttest.Absent("/root/join/token")), []string{CAPath, BootstrapPath}, BootstrapPath, ""},
		"leaves a bootstrap file of kubeadm alone": {Join{}, []hosttest.Option{hosttest.File(BootstrapPath, "kind: Config\n"), ca}, nil, BootstrapPath, ""},
		"uses the bootstrap kubeconfig given": {Join{CAFile: caFile, BootstrapKubeconfig: "/root/b.conf"},
			[]hosttest.Option{hosttest.File("/root/b.conf", "kind: Config\n")}, []string{CAPath}, "/root/b.conf", ""},
		"takes a CA that is in its place already": {Join{APIServer: join.APIServer, TokenFile: join.TokenFile, CAFile: CAPath},
			[]hosttest.Option{ca}, []string{BootstrapPath}, BootstrapPath, ""},
		"warns of a token that others may read": {join, []hosttest.Option{hosttest.FileWith("/root/join/token", "x", host.Attr{Mode: 0o644})},
			[]string{CAPath, BootstrapPath}, BootstrapPath, "chmod 0600"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id, err := Spec{Join: c.join}.planIdentity(bare(t, c.host...))
			remarks, failure := steps.Split(err)
			if failure != nil {
				t.Fatal(failure)
			}
			var files []string
			for _, wish := range id.files {
				files = append(files, wish.Path)
			}
			if diff := cmp.Diff(c.files, files); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			if id.bootstrap != c.bootstrap {
				t.Errorf("bootstrap: got %s, want %s", id.bootstrap, c.bootstrap)
			}
			if (len(remarks) > 0) != (c.remark != "") || c.remark != "" && !strings.Contains(remarks[0].Text, c.remark) {
				t.Errorf("remarks: got %v, want %q", remarks, c.remark)
			}
		})
	}
}

func TestHasJoined(t *testing.T) {
	t.Parallel()
	const relative = "kind: Config\nusers: [{user: {client-certificate: pki/node.crt}}]\n"
	config := func(content string) hosttest.Option { return hosttest.File(KubeconfigPath, content) }
	for name, c := range map[string]struct {
		host []hosttest.Option
		want bool
	}{
		"no kubeconfig":               {nil, false},
		"a certificate not yet there": {[]hosttest.Option{config(kubeconfig)}, false},
		"a certificate":               {[]hosttest.Option{config(kubeconfig), hosttest.File(clientCertificate, "")}, true},
		"a link to a certificate": {[]hosttest.Option{config(kubeconfig), hosttest.File("/var/lib/kubelet/pki/1.pem", ""),
			hosttest.Link(clientCertificate, "1.pem")}, true},
		"a relative path":   {[]hosttest.Option{config(relative), hosttest.File("/etc/kubernetes/pki/node.crt", "")}, true},
		"one in the file":   {[]hosttest.Option{config("kind: Config\nusers: [{user: {client-certificate-data: QQ==}}]\n")}, true},
		"a token instead":   {[]hosttest.Option{config("kind: Config\nusers: [{user: {token: abc}}]\n")}, false},
		"an empty document": {[]hosttest.Option{config("")}, false},
	} {
		if got, err := hasJoined(bare(t, c.host...)); err != nil || got != c.want {
			t.Errorf("%s: got %t, %v, want %t", name, got, err, c.want)
		}
	}
	_, err := hasJoined(bare(t, config("users: {client-key-data: SECRET}\n")))
	if err == nil || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("no kubeconfig: got %v, want an error without its contents", err)
	}
}
