//go:build cluster

package rights

import (
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// TestNodeMayDoItsWork follows a machine that joins and reports: the twin of what is refused.
func TestNodeMayDoItsWork(t *testing.T) {
	t.Parallel()
	nodeC, err := node(controlPlane, "c")
	must(t, err)
	must(t, create(managedNodes, managedNode("c"))(t.Context(), coordinator))
	must(t, applyAs("hostler-coordinator", "c", statusOfOthers)(t.Context(), coordinator))

	joins := func(metadata string) act {
		return create(nodes, "{apiVersion: v1, kind: Node, metadata: {name: c, "+metadata+"}}")
	}
	t.Run("joins without annotations of ours, and with the label of its group", func(t *testing.T) {
		err := joins(`annotations: {hostler.dev/approved: ""}`)(t.Context(), nodeC)
		if err == nil || !strings.Contains(err.Error(), byNodesPolicy) {
			t.Errorf("got error %v for a Node with a request, want it refused by %s", err, byNodesPolicy)
		}
		must(t, joins("labels: {hostler.dev/node-group: worker}, annotations: {example.com/rack: '7'}")(t.Context(), nodeC))
	})
	t.Run("keeps its Node", func(t *testing.T) {
		must(t, patch(nodes, "c", "metadata: {labels: {example.com/disk: ssd}, annotations: {example.com/rack: '8'}}")(t.Context(), nodeC))
		must(t, patch(nodes, "c", "status: {capacity: {pods: '60'}}", "status")(t.Context(), nodeC))
		// What others have put there meanwhile does not stop it.
		must(t, patch(nodes, "c", `metadata: {annotations: {hostler.dev/approved: ""}}`)(t.Context(), clusterAdmin))
		must(t, patch(nodes, "c", "status: {capacity: {pods: '61'}}", "status")(t.Context(), nodeC))
	})
	t.Run("reads what is wanted of it", func(t *testing.T) {
		must(t, get(managedNodes, "c")(t.Context(), nodeC))
		must(t, get(revisions, "worker-01234567")(t.Context(), nodeC))
		watch, err := nodeC.Resource(managedNodes).Watch(t.Context(), metav1.ListOptions{FieldSelector: "metadata.name=c"})
		must(t, err)
		watch.Stop()
	})
	t.Run("reports, and leaves the coordinator's part as it is", func(t *testing.T) {
		must(t, apply("c", `status: {phase: UpToDate, observedGeneration: 1, conditions: [
			{type: Applied, status: "True", reason: Done, message: "", lastTransitionTime: "2026-11-21T23:00:00Z"}]}`)(t.Context(), nodeC))
		// A second report without the condition takes it back: it is the agent's own.
		must(t, apply("c", "status: {phase: WaitingForApproval}")(t.Context(), nodeC))
		must(t, replace(managedNodes, "c", set("Staging", "status", "phase"), "status")(t.Context(), nodeC))
		status := statusOf(t, "c")
		if got := fmt.Sprint(status["phase"], status["rollout"]); got != "Stagingmap[provenRevision:worker-00000000 wave:canary]" {
			t.Errorf("got phase and rollout %s, want Staging and what the coordinator wrote", got)
		}
		if conditions, _ := status["conditions"].([]any); len(conditions) != 1 {
			t.Errorf("got conditions %v, want Waiting alone", conditions)
		}
	})
	t.Run("changes nothing else by way of its status", func(t *testing.T) {
		change := `{metadata: {annotations: {hostler.dev/approved: ""}, labels: {a: b}}, spec: {paused: true}, status: {message: hello}}`
		must(t, patch(managedNodes, "c", change, "status")(t.Context(), nodeC))
		o, err := clusterAdmin.Resource(managedNodes).Get(t.Context(), "c", metav1.GetOptions{})
		must(t, err)
		if _, paused, _ := unstructured.NestedBool(o.Object, "spec", "paused"); paused || len(o.GetAnnotations())+len(o.GetLabels()) > 0 {
			t.Errorf("got %v, want the status alone changed", o.Object)
		}
		if got := statusOf(t, "c")["message"]; got != "hello" {
			t.Errorf("got message %v, want hello", got)
		}
	})
}

func statusOf(t *testing.T, name string) map[string]any {
	t.Helper()
	o, err := clusterAdmin.Resource(managedNodes).Get(t.Context(), name, metav1.GetOptions{})
	must(t, err)
	status, _ := o.Object["status"].(map[string]any)
	return status
}

// TestOthersMayDoTheirWork has the twins of what people and the coordinator are refused.
func TestOthersMayDoTheirWork(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"d", "e"} {
		must(t, create(managedNodes, managedNode(name))(t.Context(), coordinator))
	}
	approval := `{revision: r, plan: x, by: coordinator, at: "2026-11-21T22:00:00.000000Z"}`
	for _, step := range []struct {
		name string
		who  identity
		try  act
	}{
		{"an approver asks", approver, patch(managedNodes, "d", `metadata: {annotations: {hostler.dev/approved: "", hostler.dev/paused: disk}}`)},
		{"an admin takes the request back", groupAdmin, patch(managedNodes, "d", `metadata: {annotations: {hostler.dev/paused: null}}`)},
		{"the coordinator grants, and removes the request", coordinator,
			patch(managedNodes, "d", "{metadata: {annotations: {hostler.dev/approved: null}}, spec: {approval: "+approval+"}}")},
		{"an approver asks for an approved node too", approver, patch(managedNodes, "d", `metadata: {annotations: {hostler.dev/drain: ""}}`)},
		{"a cluster administrator steps in", clusterAdmin, patch(managedNodes, "d", "spec: {approval: null}")},
		{"a cluster administrator restores an object", clusterAdmin, create(managedNodes, managedNode("f"))},
		{"the coordinator lets go", coordinator, remove(managedNodes, "", "e")},
		{"the coordinator makes a revision", coordinator, create(revisions, revision("worker-76543210"))},
		{"the coordinator removes a revision", coordinator, remove(revisions, "", "worker-76543210")},
		{"the coordinator says how a group is", coordinator, patch(nodeGroups, "worker", "status: {revision: worker-01234567}", "status")},
		{"the coordinator removes a request", coordinator, patch(nodeGroups, "worker", "metadata: {annotations: {hostler.dev/resume: null}}")},
		{"the coordinator cordons", coordinator, patch(nodes, "b", "{metadata: {annotations: {hostler.dev/cordoned-by: hostler}}, spec: {unschedulable: true}}")},
		{"an admin writes a script", groupAdmin, create(configurations, configuration("fine"))},
		{"an admin edits a group", groupAdmin, patch(nodeGroups, "worker", "spec: {update: {maxUnavailable: 2}}")},
	} {
		t.Run(step.name, func(t *testing.T) { must(t, step.try(t.Context(), step.who)) })
	}
}

// right is something that somebody may do, or may not.
type right struct{ verb, group, resource, namespace, name string }

// TestRights asks the API server, as its own parts and kubelets do, about rights that are awkward to use in a test.
func TestRights(t *testing.T) {
	t.Parallel()
	const account = "system:serviceaccount:hostler-system:hostler-coordinator"
	cases := []struct {
		user   string
		groups []string
		may    []right
		mayNot []right
	}{
		{"system:node:a", []string{"system:nodes", "system:authenticated"},
			[]right{{"get", "", "nodes/configz", "", "a"}},
			[]right{
				{"get", "", "nodes/proxy", "", "a"}, {"create", "", "nodes/proxy", "", "b"}, {"decide", "hostler.dev", "managednodes", "", "a"},
				{"update", "hostler.dev", "nodegroups/status", "", "worker"}, {"deletecollection", "hostler.dev", "nodegrouprevisions", "", ""},
				{"impersonate", "", "users", "", "admin"}, {"create", "", "pods/exec", "default", "on-b"},
			}},
		{"system:bootstrap:abcdef", []string{"system:bootstrappers", "system:authenticated"}, nil,
			[]right{{"get", "hostler.dev", "managednodes", "", "a"}, {"list", "hostler.dev", "nodegrouprevisions", "", ""}, {"patch", "hostler.dev", "managednodes/status", "", "a"}}},
		{account, []string{"system:serviceaccounts", "system:serviceaccounts:hostler-system", "system:authenticated"},
			[]right{
				{"list", "", "pods", "", ""}, {"delete", "", "pods", "default", "on-a"}, {"create", "", "pods/eviction", "default", "on-a"},
				{"list", "policy", "poddisruptionbudgets", "", ""}, {"get", "apps", "daemonsets", "default", "x"}, {"decide", "hostler.dev", "managednodes", "", "a"},
				{"create", "coordination.k8s.io", "leases", "hostler-system", ""},
				{"update", "coordination.k8s.io", "leases", "hostler-system", "hostler-coordinator"}, {"create", "events.k8s.io", "events", "default", ""},
				{"list", "hostler.dev", "nodegroupconfigurations", "", ""}, {"watch", "hostler.dev", "updatepolicies", "", ""},
				{"get", "admissionregistration.k8s.io", "validatingadmissionpolicies", "", "hostler-nodes"},
				{"get", "admissionregistration.k8s.io", "validatingadmissionpolicybindings", "", "hostler-nodes"},
			},
			[]right{
				{"get", "", "secrets", "hostler-system", "x"}, {"get", "", "configmaps", "kube-system", "x"}, {"create", "", "pods", "default", ""},
				{"create", "", "pods/exec", "default", "on-a"}, {"delete", "", "nodes", "", "a"}, {"patch", "", "nodes/status", "", "a"},
				{"update", "coordination.k8s.io", "leases", "kube-system", "x"}, {"update", "coordination.k8s.io", "leases", "hostler-system", "another"}, {"delete", "policy", "poddisruptionbudgets", "default", "x"},
				{"create", "hostler.dev", "nodegroups", "", ""}, {"escalate", "rbac.authorization.k8s.io", "clusterroles", "", "x"},
				{"impersonate", "", "users", "", "admin"},
				{"delete", "admissionregistration.k8s.io", "validatingadmissionpolicybindings", "", "hostler-nodes"},
			}},
	}
	for _, c := range cases {
		for _, r := range c.may {
			if !allowed(t, c.user, c.groups, r) {
				t.Errorf("%s may not %s, want it allowed", c.user, r)
			}
		}
		for _, r := range c.mayNot {
			if allowed(t, c.user, c.groups, r) {
				t.Errorf("%s may %s, want it refused", c.user, r)
			}
		}
	}
}

var reviews = schema.GroupVersionResource{Group: "authorization.k8s.io", Version: "v1", Resource: "subjectaccessreviews"}

func allowed(t *testing.T, user string, groups []string, r right) bool {
	t.Helper()
	resource, subresource, _ := strings.Cut(r.resource, "/")
	var in []any
	for _, group := range groups {
		in = append(in, group)
	}
	review := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
		"spec": map[string]any{"user": user, "groups": in, "resourceAttributes": map[string]any{
			"verb": r.verb, "group": r.group, "resource": resource, "subresource": subresource, "namespace": r.namespace, "name": r.name,
		}},
	}}
	answer, err := clusterAdmin.Resource(reviews).Create(t.Context(), review, metav1.CreateOptions{})
	must(t, err)
	may, _, _ := unstructured.NestedBool(answer.Object, "status", "allowed")
	return may
}
