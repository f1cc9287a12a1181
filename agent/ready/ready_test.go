package ready_test

import (
	"context"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hostler-dev/hostler/agent/ready"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

const kubeconfigPath = "/etc/kubernetes/kubelet.conf"

// kubeconfig is one with a token, whose CA is data or, where that is empty, a file.
func kubeconfig(server, caData string) string {
	ca := "certificate-authority: /etc/kubernetes/pki/ca.crt"
	if caData != "" {
		ca = "certificate-authority-data: " + base64.StdEncoding.EncodeToString([]byte(caData))
	}
	return fmt.Sprintf(`
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q, %s}}]
users: [{name: u, user: {token: secret}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
`, server, ca)
}

// apiServer is one that answers for the node worker-1, and its CA.
func apiServer(t *testing.T, answer http.HandlerFunc) (url, ca string) {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/nodes/worker-1" || r.Method != http.MethodGet || r.Header.Get("Authorization") != "Bearer secret" {
			http.Error(w, "wrong question", http.StatusBadRequest)
			return
		}
		answer(w, r)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // a refused handshake is a case below
	server.StartTLS()
	t.Cleanup(server.Close)
	block := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
	return server.URL, string(pem.EncodeToMemory(block))
}

func node(status, reason, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"kind": "Node", "status": {"conditions": [
			{"type": "MemoryPressure", "status": "False"},
			{"type": "Ready", "status": %q, "reason": %q, "message": %q}]}}`, status, reason, message)
	}
}

func answer(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}
}

const noNetwork = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"

func TestNode(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		answer  http.HandlerFunc
		managed bool
		want    string // part of the error; empty: well
	}{
		"is well when it is Ready":                            {node("True", "KubeletReady", ""), true, ""},
		"tells what the kubelet says when it is not Ready":    {node("False", "KubeletNotReady", "PLEG is not healthy"), false, "the node is not Ready: KubeletNotReady: PLEG is not healthy"},
		"is not well when its state is unknown":               {node("Unknown", "NodeStatusUnknown", "Kubelet stopped posting"), true, "NodeStatusUnknown"},
		"needs its network where that is hostler's":           {node("False", "KubeletNotReady", noNetwork), true, "NetworkPluginNotReady"},
		"needs no network where that comes with the cluster":  {node("False", "KubeletNotReady", noNetwork), false, ""},
		"is waited for before it has a condition":             {answer(http.StatusOK, `{"kind": "Node"}`), true, "has not said yet whether it is Ready"},
		"is waited for before it is registered":               {answer(http.StatusNotFound, "{}"), true, "the API server has no node worker-1 yet"},
		"is not well when the API server refuses the kubelet": {answer(http.StatusUnauthorized, "{}"), true, "the API server answered 401 Unauthorized"},
		"is not well when the API server is not well":         {answer(http.StatusServiceUnavailable, ""), true, "503"},
		"is not well when the answer is garbage":              {answer(http.StatusOK, "<html>"), true, "reading the API server's answer"},
		"is not well when the answer is larger than any Node": {answer(http.StatusOK, `{"kind": "`+strings.Repeat("x", 5<<20)+`", "status": {"conditions": [{"type": "Ready", "status": "True"}]}}`), true, "reading the API server's answer"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, ca := apiServer(t, c.answer)
			f := hosttest.New(hosttest.File(kubeconfigPath, kubeconfig(url, ca)))
			err := ready.Node{NodeName: "worker-1", Kubeconfig: kubeconfigPath, NetworkManaged: c.managed}.Check(t.Context(), f)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("got %v, want a node that is well", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want %q", err, c.want)
			case errors.Is(err, steps.ErrAbsent):
				t.Errorf("got %v, which reads as absent; the kubelet has its credential", err)
			}
		})
	}
}

func TestNodeReadsCredentialsFromTheHost(t *testing.T) {
	t.Parallel()
	url, ca := apiServer(t, node("True", "", ""))
	probe := ready.Node{NodeName: "worker-1", Kubeconfig: kubeconfigPath}

	t.Run("and is absent without a kubeconfig", func(t *testing.T) {
		t.Parallel()
		if err := probe.Check(t.Context(), hosttest.New()); !errors.Is(err, steps.ErrAbsent) {
			t.Errorf("got %v, want ErrAbsent", err)
		}
	})
	t.Run("with the CA in a file", func(t *testing.T) {
		t.Parallel()
		f := hosttest.New(hosttest.File(kubeconfigPath, kubeconfig(url, "")), hosttest.File("/etc/kubernetes/pki/ca.crt", ca))
		if err := probe.Check(t.Context(), f); err != nil {
			t.Errorf("got %v, want a node that is well", err)
		}
	})
	t.Run("and trusts no other CA", func(t *testing.T) {
		t.Parallel()
		other := strings.Replace(kubeconfig(url, ca), "certificate-authority-data: ", "tls-server-name: other.example, certificate-authority-data: ", 1)
		f := hosttest.New(hosttest.File(kubeconfigPath, other))
		if err := probe.Check(t.Context(), f); err == nil || !strings.Contains(err.Error(), "asking the API server") {
			t.Errorf("got %v, want a refusal of the server's certificate", err)
		}
	})
	t.Run("and names a kubeconfig that it cannot read", func(t *testing.T) {
		t.Parallel()
		f := hosttest.New(hosttest.File(kubeconfigPath, "clusters: 5"))
		err := probe.Check(t.Context(), f)
		if err == nil || !strings.Contains(err.Error(), kubeconfigPath) || errors.Is(err, steps.ErrAbsent) {
			t.Errorf("got %v, want the file named", err)
		}
	})
}

func TestNodeDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	stuck := make(chan struct{})
	url, ca := apiServer(t, func(http.ResponseWriter, *http.Request) { <-stuck })
	t.Cleanup(func() { close(stuck) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	f := hosttest.New(hosttest.File(kubeconfigPath, kubeconfig(url, ca)))
	err := ready.Node{NodeName: "worker-1", Kubeconfig: kubeconfigPath}.Check(ctx, f)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the deadline", err)
	}
}
