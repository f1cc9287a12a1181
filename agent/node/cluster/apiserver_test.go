package cluster_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

const nodesPath = "/apis/hostler.dev/v1alpha1/managednodes"

// apiServer answers as a real one does for the node worker-1, and notes what it was asked.
type apiServer struct {
	t    *testing.T
	http *httptest.Server

	mu       sync.Mutex
	object   *v1alpha1.ManagedNode // nil: there is none
	version  int
	watchers []chan string // lines to send; closed: the watch ends
	// refuse answers a request in the place of the server, if it returns true.
	refuse    func(w http.ResponseWriter, r *http.Request) bool
	revisions map[string]string
	asked     []string // "GET path?query"
	clients   []string // the common names of the client certificates
	patches   []string // bodies
}

func newAPIServer(t *testing.T) *apiServer {
	t.Helper()
	s := &apiServer{t: t, version: 10, revisions: map[string]string{}}
	s.http = httptest.NewUnstartedServer(s)
	s.http.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.http.TLS = &tls.Config{ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12}
	s.http.EnableHTTP2 = true
	s.http.StartTLS()
	t.Cleanup(func() {
		s.endWatches()
		s.http.CloseClientConnections()
		s.http.Close()
	})
	return s
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r.Method+" "+r.URL.Path+"?"+r.URL.RawQuery)
	if len(r.TLS.PeerCertificates) > 0 {
		s.clients = append(s.clients, r.TLS.PeerCertificates[0].Subject.CommonName)
	}
	refuse := s.refuse
	s.mu.Unlock()
	if refuse != nil && refuse(w, r) {
		return
	}
	switch {
	case r.Method == http.MethodGet && r.URL.Path == nodesPath && r.URL.Query().Get("fieldSelector") != "metadata.name=worker-1":
		fail(w, http.StatusForbidden, "Forbidden")
	case r.Method == http.MethodGet && r.URL.Path == nodesPath && r.URL.Query().Get("watch") == "true":
		s.watch(w, r)
	case r.Method == http.MethodGet && r.URL.Path == nodesPath:
		s.list(w)
	case r.Method == http.MethodPatch && r.URL.Path == nodesPath+"/worker-1/status":
		s.patch(w, r)
	case r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/apis/hostler.dev/v1alpha1/nodegrouprevisions/"):
		s.mu.Lock()
		body, ok := s.revisions[filepath.Base(r.URL.Path)]
		s.mu.Unlock()
		if !ok {
			fail(w, http.StatusNotFound, "NotFound")
			return
		}
		answer(w, body)
	default:
		fail(w, http.StatusNotFound, "NotFound")
	}
}

func answer(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, body)
}

func fail(w http.ResponseWriter, code int, reason string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	fmt.Fprint(w, status(code, reason))
}

func status(code int, reason string) string {
	return fmt.Sprintf(`{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": %q, "message": "no, says the test", "code": %d}`, reason, code)
}

func (s *apiServer) list(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	items := "[]"
	if s.object != nil {
		items = "[" + s.text() + "]"
	}
	answer(w, fmt.Sprintf(`{"kind": "ManagedNodeList", "apiVersion": "hostler.dev/v1alpha1", "metadata": {"resourceVersion": "%d"}, "items": %s}`, s.version, items))
}

func (s *apiServer) watch(w http.ResponseWriter, r *http.Request) {
	lines := make(chan string, 16)
	s.mu.Lock()
	s.watchers = append(s.watchers, lines)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	w.(http.Flusher).Flush()
	for {
		select {
		case <-r.Context().Done():
			return
		case line, open := <-lines:
			if !open {
				return
			}
			fmt.Fprintln(w, line)
			w.(http.Flusher).Flush()
		}
	}
}

func (s *apiServer) patch(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	query := r.URL.Query()
	if r.Header.Get("Content-Type") != string(types.ApplyPatchType) || query.Get("fieldManager") != "hostler-agent" || query.Get("force") != "true" {
		fail(w, http.StatusUnsupportedMediaType, "UnsupportedMediaType")
		return
	}
	var applied v1alpha1.ManagedNode
	if err := json.Unmarshal(body, &applied); err != nil {
		fail(w, http.StatusBadRequest, "BadRequest")
		return
	}
	switch {
	case s.object == nil:
		fail(w, http.StatusNotFound, "NotFound")
		return
	case applied.UID != s.object.UID:
		fail(w, http.StatusConflict, "Conflict")
		return
	}
	s.patches = append(s.patches, string(body))
	s.object.Status = applied.Status
	s.version++
	s.object.ResourceVersion = strconv.Itoa(s.version)
	s.send(`{"type": "MODIFIED", "object": ` + s.text() + `}`)
	answer(w, s.text())
}

// text is the object as JSON. The caller holds mu.
func (s *apiServer) text() string {
	data, err := json.Marshal(s.object)
	if err != nil {
		s.t.Error(err)
	}
	return string(data)
}

// send sends a line to all who watch. The caller holds mu.
func (s *apiServer) send(line string) {
	for _, watcher := range s.watchers {
		watcher <- line
	}
}

// put makes or changes the object, as the coordinator does.
func (s *apiServer) put(uid, revision string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind, generation := "MODIFIED", int64(1)
	if s.object == nil {
		kind = "ADDED"
	} else {
		generation = s.object.Generation + 1
	}
	s.version++
	s.object = &v1alpha1.ManagedNode{
		TypeMeta:   metav1.TypeMeta{APIVersion: "hostler.dev/v1alpha1", Kind: "ManagedNode"},
		ObjectMeta: metav1.ObjectMeta{Name: "worker-1", UID: types.UID(uid), Generation: generation, ResourceVersion: strconv.Itoa(s.version)},
		Spec:       v1alpha1.ManagedNodeSpec{NodeGroup: "worker", Revision: revision},
	}
	s.send(fmt.Sprintf(`{"type": %q, "object": %s}`, kind, s.text()))
}

func (s *apiServer) remove() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	s.object.ResourceVersion = strconv.Itoa(s.version)
	s.send(`{"type": "DELETED", "object": ` + s.text() + `}`)
	s.object = nil
}

// say sends a line as it is to all who watch.
func (s *apiServer) say(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.send(line)
}

func (s *apiServer) endWatches() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, watcher := range s.watchers {
		close(watcher)
	}
	s.watchers = nil
}

func (s *apiServer) refuseWith(refuse func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = refuse
}

func (s *apiServer) watching() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.watchers) > 0
}

// requests counts those that begin so.
func (s *apiServer) requests(prefix string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, asked := range s.asked {
		if strings.HasPrefix(asked, prefix) {
			n++
		}
	}
	return n
}

func (s *apiServer) hasClient(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.clients, name)
}

// kubelet is what a kubelet keeps on disk below a root.
type kubelet struct {
	t    *testing.T
	root string
}

const kubeconfigPath = "/etc/kubernetes/kubelet.conf"

// join writes the kubeconfig, and a first certificate.
func (k *kubelet) join(server *apiServer, commonName string) {
	k.t.Helper()
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.http.Certificate().Raw}))
	k.write("/etc/kubernetes/pki/ca.crt", ca)
	k.rotate(commonName)
	k.write(kubeconfigPath, fmt.Sprintf(`
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q, certificate-authority: /etc/kubernetes/pki/ca.crt}}]
users: [{name: u, user: {client-certificate: /var/lib/kubelet/pki/kubelet-client-current.pem, client-key: /var/lib/kubelet/pki/kubelet-client-current.pem}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
`, server.http.URL))
}

// rotate writes a new certificate and points the link to it, as the kubelet's certificate store does.
func (k *kubelet) rotate(commonName string) {
	k.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		k.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: commonName}, NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		k.t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		k.t.Fatal(err)
	}
	content := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...)
	const current = "/var/lib/kubelet/pki/kubelet-client-current.pem"
	name := "/var/lib/kubelet/pki/kubelet-client-" + commonName + ".pem"
	k.write(name, string(content))
	next := filepath.Join(k.root, current+".next")
	if err := os.Symlink(name, next); err != nil { // absolute, below the host's root
		k.t.Fatal(err)
	}
	if err := os.Rename(next, filepath.Join(k.root, current)); err != nil {
		k.t.Fatal(err)
	}
}

func (k *kubelet) write(path, content string) {
	k.t.Helper()
	path = filepath.Join(k.root, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		k.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		k.t.Fatal(err)
	}
}
