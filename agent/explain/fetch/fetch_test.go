package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// serve is an API server that knows some paths; the others are missing.
func serve(t *testing.T, answers map[string]string) *Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := answers[r.URL.Path]
		w.Header().Set("Content-Type", "application/json")
		switch {
		case !ok:
			w.WriteHeader(http.StatusNotFound)
		case strings.HasPrefix(answer, "status "):
			var code int
			_, _ = fmt.Sscanf(answer, "status %d", &code)
			w.WriteHeader(code)
		default:
			fmt.Fprint(w, answer)
		}
	}))
	t.Cleanup(server.Close)
	client, err := New(Config{Kubeconfig: kubeconfig(t, server.URL)})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func kubeconfig(t *testing.T, server string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	content := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: a,
clusters: [{name: a, cluster: {server: %q}}], contexts: [{name: a, context: {cluster: a}}]}`, server)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func world() map[string]string {
	return map[string]string{
		"/api/v1/nodes/worker-1":                            `{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "worker-1"}}`,
		"/apis/hostler.dev/v1alpha1/nodegroups":             `{"apiVersion": "hostler.dev/v1alpha1", "kind": "NodeGroupList", "items": [{"metadata": {"name": "worker"}}]}`,
		"/apis/hostler.dev/v1alpha1/managednodes/worker-1":  `{"apiVersion": "hostler.dev/v1alpha1", "kind": "ManagedNode", "metadata": {"name": "worker-1"}, "spec": {"nodeGroup": "worker"}}`,
		"/apis/hostler.dev/v1alpha1/updatepolicies/default": `{"apiVersion": "hostler.dev/v1alpha1", "kind": "UpdatePolicy", "metadata": {"name": "default"}, "spec": {"paused": true}}`,
	}
}

func TestInput(t *testing.T) {
	t.Parallel()
	t.Run("reads all there is", func(t *testing.T) {
		t.Parallel()
		in, err := serve(t, world()).Input(context.Background(), "worker-1")
		if err != nil {
			t.Fatal(err)
		}
		if in.NotInstalled || in.Node.Name != "worker-1" || in.Managed.Spec.NodeGroup != "worker" || len(in.Groups) != 1 || !in.Policy.Spec.Paused || in.Now.IsZero() {
			t.Errorf("got %+v, want Node, ManagedNode, group and policy", in)
		}
	})
	t.Run("takes what is missing for missing", func(t *testing.T) {
		t.Parallel()
		answers := map[string]string{"/apis/hostler.dev/v1alpha1/nodegroups": world()["/apis/hostler.dev/v1alpha1/nodegroups"]}
		in, err := serve(t, answers).Input(context.Background(), "worker-1")
		if err != nil || in.NotInstalled || in.Node != nil || in.Managed != nil || in.Policy != nil {
			t.Errorf("got %+v, error %v, want no objects", in, err)
		}
	})
	t.Run("knows when the kinds are not installed", func(t *testing.T) {
		t.Parallel()
		in, err := serve(t, map[string]string{"/api/v1/nodes/worker-1": world()["/api/v1/nodes/worker-1"]}).Input(context.Background(), "worker-1")
		if err != nil || !in.NotInstalled || in.Node == nil {
			t.Errorf("got %+v, error %v, want a Node and no kinds", in, err)
		}
	})
	for path := range world() {
		for code, want := range map[int]string{401: "log in anew", 403: "ask for the right", 500: "see whether it is up"} {
			t.Run(fmt.Sprintf("tells %d of %s", code, path), func(t *testing.T) {
				t.Parallel()
				answers := world()
				answers[path] = fmt.Sprintf("status %d", code)
				_, err := serve(t, answers).Input(context.Background(), "worker-1")
				if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "http://127.0.0.1") {
					t.Errorf("got error %v, want it to name the server and to say %q", err, want)
				}
			})
		}
	}
}

func TestNewWantsAUsableKubeconfig(t *testing.T) {
	t.Parallel()
	good := kubeconfig(t, "http://127.0.0.1:1")
	broken := filepath.Join(t.TempDir(), "broken")
	if err := os.WriteFile(broken, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, config := range map[string]Config{
		"a file that is not there":    {Kubeconfig: filepath.Join(t.TempDir(), "none")},
		"a file that cannot be read":  {Kubeconfig: broken},
		"a context that is not in it": {Kubeconfig: good, Context: "b"},
		"a server that is no address": {Kubeconfig: kubeconfig(t, "http://a b")},
	} {
		if _, err := New(config); !errors.Is(err, ErrNoCluster) {
			t.Errorf("got error %v for %s, want ErrNoCluster", err, name)
		}
	}
}
