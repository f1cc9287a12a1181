//go:build cluster

package rights

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Who refuses, in the words of the API server.
const (
	byStatusPolicy   = "ValidatingAdmissionPolicy 'hostler-node-status'"
	byNodesPolicy    = "ValidatingAdmissionPolicy 'hostler-nodes'"
	byDecisionPolicy = "ValidatingAdmissionPolicy 'hostler-decisions'"
	byRBAC           = `User "system:node:a" cannot ` // nothing allows it, and this says what it was
	byNodeAuthorizer = "no relationship found between node 'a' and this object"
)

// TestNodeIsRefused tries with a node's own credential what would let it harm others, or decide for itself.
func TestNodeIsRefused(t *testing.T) {
	t.Parallel()
	approval := `spec: {approval: {revision: worker-01234567, plan: x, by: me, at: "2026-11-21T22:00:00.000000Z"}}`
	cases := map[string]struct {
		try act
		by  string
	}{
		"the status of another node, applied":   {apply("b", "status: {phase: UpToDate}"), byStatusPolicy},
		"the status of another node, patched":   {patch(managedNodes, "b", "status: {phase: UpToDate}", "status"), byStatusPolicy},
		"the status of another node, replaced":  {replace(managedNodes, "b", set("UpToDate", "status", "phase"), "status"), byStatusPolicy},
		"its own rollout, applied":              {apply("a", "status: {rollout: {provenRevision: worker-01234567}}"), byStatusPolicy},
		"its own rollout, removed":              {patch(managedNodes, "a", "status: {rollout: null}", "status"), byStatusPolicy},
		"its own rollout, replaced":             {replace(managedNodes, "a", set("last", "status", "rollout", "wave"), "status"), byStatusPolicy},
		"the whole of its status, taken away":   {replace(managedNodes, "a", without("status"), "status"), byStatusPolicy},
		"its own condition Waiting, ended":      {apply("a", waiting("False")), byStatusPolicy},
		"its own condition Waiting, taken away": {patch(managedNodes, "a", "status: {conditions: []}", "status"), byStatusPolicy},

		"its own spec":                     {patch(managedNodes, "a", "spec: {paused: true}"), byRBAC + "patch"},
		"its own spec, replaced":           {replace(managedNodes, "a", set(true, "spec", "paused")), byRBAC + "update"},
		"the spec of another node":         {patch(managedNodes, "b", "spec: {paused: true}"), byRBAC + "patch"},
		"an approval for itself":           {patch(managedNodes, "a", approval), byRBAC + "patch"},
		"a request on its own ManagedNode": {patch(managedNodes, "a", `metadata: {annotations: {hostler.dev/approved: ""}}`), byRBAC + "patch"},
		"a ManagedNode of its own making":  {create(managedNodes, managedNode("c")), byRBAC + "create"},
		"the end of its own ManagedNode":   {remove(managedNodes, "", "a"), byRBAC + "delete"},

		"a request on its own Node": {patch(nodes, "a", `metadata: {annotations: {hostler.dev/approved: ""}}`), byNodesPolicy},
		"a request on its own Node, by way of its status": {
			patch(nodes, "a", `metadata: {annotations: {hostler.dev/disruption-approved: ""}}`, "status"), byNodesPolicy},
		"the coordinator's cordon, changed":        {patch(nodes, "a", "metadata: {annotations: {hostler.dev/cordoned-by: me}}"), byNodesPolicy},
		"the coordinator's cordon, removed":        {patch(nodes, "a", "metadata: {annotations: {hostler.dev/cordoned-by: null}}"), byNodesPolicy},
		"all annotations of its own Node, removed": {patch(nodes, "a", "metadata: {annotations: null}"), byNodesPolicy},
		"another group":                            {patch(nodes, "a", "metadata: {labels: {hostler.dev/node-group: master}}"), byNodesPolicy},
		"another group, by way of its status":      {patch(nodes, "a", "metadata: {labels: {hostler.dev/node-group: master}}", "status"), byNodesPolicy},
		"no group":                                 {patch(nodes, "a", "metadata: {labels: {hostler.dev/node-group: null}}"), byNodesPolicy},
		"the label of another Node":                {patch(nodes, "b", "metadata: {labels: {hostler.dev/node-group: master}}"), `node "a" is not allowed to modify node "b"`},
		"a request on another Node":                {patch(nodes, "b", `metadata: {annotations: {hostler.dev/drain: ""}}`), `node "a" is not allowed to modify node "b"`},
		"a second joining":                         {remove(nodes, "", "a"), byRBAC + "delete"},

		"the eviction of a pod of another node": {post(pods, "default", "on-b", "{apiVersion: policy/v1, kind: Eviction}", "eviction"), `node a can only evict pods with spec.nodeName set to itself`},
		"the deletion of a pod of another node": {remove(pods, "default", "on-b"), `node "a" can only delete pods with spec.nodeName set to itself`},
		"a secret that no pod of its has":       {inNamespace(secrets, "default", "unrelated"), byNodeAuthorizer},
		"all secrets":                           {list(secrets), "can only read namespaced object of this type"},
		"a token of the coordinator":            {post(accounts, "hostler-system", "hostler-coordinator", "{apiVersion: authentication.k8s.io/v1, kind: TokenRequest, spec: {}}", "token"), byNodeAuthorizer},
		"the coordinator's lease":               {inNamespace(leases, "hostler-system", "hostler-coordinator"), `can only access leases in the "kube-node-lease" system namespace`},
		"the end of the coordinator's lease":    {remove(leases, "hostler-system", "hostler-coordinator"), `can only access leases in the "kube-node-lease" system namespace`},

		"a NodeGroup":                    {get(nodeGroups, "worker"), byRBAC + "get"},
		"all NodeGroups":                 {list(nodeGroups), byRBAC + "list"},
		"a change of a NodeGroup":        {patch(nodeGroups, "worker", "spec: {update: {paused: true}}"), byRBAC + "patch"},
		"a NodeGroupConfiguration":       {get(configurations, "tune"), byRBAC + "get"},
		"a script for all nodes":         {patch(configurations, "tune", "spec: {apply: reboot}"), byRBAC + "patch"},
		"a further script for all nodes": {create(configurations, configuration("evil")), byRBAC + "create"},
		"the policy":                     {get(policies, "default"), byRBAC + "get"},
		"a change of the policy":         {patch(policies, "default", "spec: {paused: true}"), byRBAC + "patch"},
		"a revision of its own making":   {create(revisions, revision("worker-89abcdef")), byRBAC + "create"},
		"a change of a revision":         {patch(revisions, "worker-01234567", "spec: {nodeGroup: master}"), byRBAC + "patch"},
		"the end of a revision":          {remove(revisions, "", "worker-01234567"), byRBAC + "delete"},
		"the end of an admission policy": {remove(admission, "", "hostler-nodes"), byRBAC + "delete"},
	}
	for name, c := range cases {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			err := c.try(t.Context(), nodeA)
			if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), c.by) {
				t.Errorf("got error %v, want Forbidden by: %s", err, c.by)
			}
		})
	}
}

// TestPeopleAreRefused tries what those may not who may ask for approvals, and those who may write NodeGroups.
func TestPeopleAreRefused(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		who identity
		try act
		by  string
	}{
		"an approver's own approval":      {approver, patch(managedNodes, "b", "spec: {paused: true}"), byDecisionPolicy},
		"an approver's other revision":    {approver, replace(managedNodes, "b", set("worker-89abcdef", "spec", "revision")), byDecisionPolicy},
		"an approver's other annotation":  {approver, patch(managedNodes, "b", "metadata: {annotations: {example.com/rack: '8'}}"), byDecisionPolicy},
		"an approver's removal of others": {approver, patch(managedNodes, "a", "metadata: {annotations: null}"), byDecisionPolicy},
		"an approver's label":             {approver, patch(managedNodes, "b", "metadata: {labels: {a: b}}"), byDecisionPolicy},
		"an approver's owner": {approver, patch(managedNodes, "b",
			"metadata: {ownerReferences: [{apiVersion: v1, kind: Node, name: b, uid: c0ffee}]}"), byDecisionPolicy},
		"an approver's status":       {approver, patch(managedNodes, "b", "status: {phase: UpToDate}", "status"), `User "approver" cannot patch`},
		"an approver's script":       {approver, create(configurations, configuration("evil")), `User "approver" cannot create`},
		"an approver's NodeGroup":    {approver, patch(nodeGroups, "worker", "spec: {update: {paused: true}}"), `User "approver" cannot patch`},
		"an admin's decision":        {groupAdmin, patch(managedNodes, "b", "spec: {paused: true}"), byDecisionPolicy},
		"an admin's revision":        {groupAdmin, create(revisions, revision("worker-89abcdef")), `User "group-admin" cannot create`},
		"an admin's status":          {groupAdmin, patch(nodeGroups, "worker", "status: {revision: x}", "status"), `User "group-admin" cannot patch`},
		"the coordinator's script":   {coordinator, create(configurations, configuration("evil")), `hostler-coordinator" cannot create`},
		"the coordinator's policy":   {coordinator, patch(policies, "default", "spec: {paused: true}"), `hostler-coordinator" cannot patch`},
		"the coordinator's revision": {coordinator, patch(revisions, "worker-01234567", "spec: {nodeGroup: master}"), `hostler-coordinator" cannot patch`},
		"the coordinator's secrets":  {coordinator, inNamespace(secrets, "default", "unrelated"), `hostler-coordinator" cannot get`},
		"the coordinator's new node": {coordinator, create(nodes, "{apiVersion: v1, kind: Node, metadata: {name: c}}"), `hostler-coordinator" cannot create`},
		"the coordinator's further right": {coordinator, create(admission, "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {name: c}, spec: {}}"),
			`hostler-coordinator" cannot create`},
	}
	for name, c := range cases {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			err := c.try(t.Context(), c.who)
			if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), c.by) {
				t.Errorf("got error %v, want Forbidden by: %s", err, c.by)
			}
		})
	}
}

func set(value any, path ...string) func(*unstructured.Unstructured) error {
	return func(o *unstructured.Unstructured) error { return unstructured.SetNestedField(o.Object, value, path...) }
}

func without(path ...string) func(*unstructured.Unstructured) error {
	return func(o *unstructured.Unstructured) error {
		unstructured.RemoveNestedField(o.Object, path...)
		return nil
	}
}

func waiting(status string) string {
	return `status: {conditions: [{type: Waiting, status: "` + status + `", reason: None, message: "", lastTransitionTime: "2026-11-21T23:00:00Z"}]}`
}

func managedNode(name string) string {
	return "{apiVersion: hostler.dev/v1alpha1, kind: ManagedNode, metadata: {name: " + name + "}, spec: {nodeGroup: worker}}"
}

func configuration(name string) string {
	return "{apiVersion: hostler.dev/v1alpha1, kind: NodeGroupConfiguration, metadata: {name: " + name + "}, spec: {check: 'true', apply: 'true'}}"
}

// revision has the checksum that its name says.
func revision(name string) string {
	checksum := strings.Repeat(strings.TrimPrefix(name, "worker-"), 8)
	return "{apiVersion: hostler.dev/v1alpha1, kind: NodeGroupRevision, metadata: {name: " + name + "}, spec: {nodeGroup: worker, checksum: '" + checksum + "', host: {}}}"
}
