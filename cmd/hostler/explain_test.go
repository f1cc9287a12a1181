package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeAPI answers with objects by path, and with 404 for the others.
func fakeAPI(t *testing.T, objects map[string]string) (kubeconfig string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		object, ok := objects[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		fmt.Fprint(w, object)
	}))
	t.Cleanup(server.Close)
	kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	content := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: a, clusters: [{name: a, cluster: {server: %q}}], contexts: [{name: a, context: {cluster: a}}]}`, server.URL)
	if err := os.WriteFile(kubeconfig, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return kubeconfig
}

// explained runs the command against a cluster of one node, whose ManagedNode is given.
func explained(t *testing.T, managed string, flags ...string) (got exitCode, stdout, stderr string) {
	t.Helper()
	const own = "/apis/hostler.dev/v1alpha1/"
	objects := map[string]string{
		"/api/v1/nodes/worker-1": `{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "worker-1", "labels": {"hostler.dev/node-group": "worker"}}}`,
		own + "nodegroups":       `{"apiVersion": "hostler.dev/v1alpha1", "kind": "NodeGroupList", "items": [{"metadata": {"name": "worker"}, "status": {"revision": "worker-1a"}}]}`,
	}
	if managed != "" {
		objects[own+"managednodes/worker-1"] = managed
	}
	settings := filepath.Join(t.TempDir(), "settings.yaml")
	if err := os.WriteFile(settings, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	args := append([]string{"explain", "worker-1", "--settings", settings, "--kubeconfig", fakeAPI(t, objects)}, flags...)
	got = run(args, strings.NewReader(""), &out, &errs)
	return got, out.String(), errs.String()
}

const managed = `{"apiVersion": "hostler.dev/v1alpha1", "kind": "ManagedNode", "metadata": {"name": "worker-1", "generation": 2},
 "spec": {"nodeGroup": "worker", "revision": "worker-1a"},
 "status": {"observedGeneration": 2, "phase": %q, "appliedRevision": "worker-1a", "conditions": [{"type": "Waiting", "status": %q, "reason": %q, "message": "one node is away", "lastTransitionTime": "2026-11-21T22:00:00Z"}]}}`

func TestExplainCommand(t *testing.T) {
	for name, c := range map[string]struct {
		managed string
		want    exitCode
		say     string
	}{
		"a node that is up to date":    {fmt.Sprintf(managed, "UpToDate", "False", "NotWaiting"), exitDone, "Node worker-1 of NodeGroup worker is up to date."},
		"a node that is worked on":     {fmt.Sprintf(managed, "Applying", "False", "NotWaiting"), exitDone, "is being worked on."},
		"a node that is emptied":       {fmt.Sprintf(managed, "WaitingForDisruption", "True", "Draining"), exitDone, "is being worked on: Draining"},
		"a node that waits":            {fmt.Sprintf(managed, "WaitingForApproval", "True", "Slot"), exitBlocked, "Node worker-1 of NodeGroup worker waits: Slot\nsince 2026-11-21 22:00:00 UTC, for "},
		"a node without a ManagedNode": {"", exitBlocked, "NodeGroup worker chooses the node, and the coordinator has made no ManagedNode"},
	} {
		t.Run(name, func(t *testing.T) {
			got, stdout, stderr := explained(t, c.managed)
			if got != c.want || stderr != "" {
				t.Errorf("got exit code %d, stderr %q, want %d and nothing", got, stderr, c.want)
			}
			if !strings.Contains(stdout, c.say) {
				t.Errorf("got output %q, want %q in it", stdout, c.say)
			}
		})
	}
}

func TestExplainCommandPrintsJSON(t *testing.T) {
	got, stdout, _ := explained(t, fmt.Sprintf(managed, "WaitingForApproval", "True", "Slot"), "-o", "json")
	var document struct {
		State   string
		Waiting struct{ Reason, Message string }
	}
	if err := json.Unmarshal([]byte(stdout), &document); err != nil {
		t.Fatal(err)
	}
	if got != exitBlocked || document.State != "Waiting" || document.Waiting.Reason != "Slot" || document.Waiting.Message != "one node is away" {
		t.Errorf("got exit code %d and %+v, want %d and the reason", got, document, exitBlocked)
	}
}
