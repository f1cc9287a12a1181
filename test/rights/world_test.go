//go:build cluster

package rights

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Who acts in these tests.
var nodeA, nodeB, coordinator, approver, groupAdmin, clusterAdmin identity

// populate makes the identities, and a small world that they can harm: two nodes with a pod each, what hostler has decided about
// them, a secret, and the coordinator's lease.
func populate(ctx context.Context) (err error) {
	people := []struct {
		who    *identity
		name   string
		groups []string
	}{
		{&approver, "approver", nil}, {&groupAdmin, "group-admin", nil}, {&clusterAdmin, "cluster-admin", []string{"system:masters"}},
	}
	for _, p := range people {
		if *p.who, err = user(controlPlane, p.name, p.name, p.groups...); err != nil {
			return err
		}
	}
	if nodeA, err = node(controlPlane, "a"); err != nil {
		return err
	}
	if nodeB, err = node(controlPlane, "b"); err != nil {
		return err
	}
	if coordinator, err = serviceAccount(ctx, controlPlane, "hostler-system", "hostler-coordinator"); err != nil {
		return err
	}
	if err := controlPlane.Apply(ctx, world); err != nil {
		return err
	}
	for _, name := range []string{"a", "b"} {
		if err := applyAs("hostler-coordinator", name, statusOfOthers)(ctx, coordinator); err != nil {
			return fmt.Errorf("the coordinator's part of the status of %s: %w", name, err)
		}
	}
	return waitForPolicies(ctx)
}

const world = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: test-approver}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: hostler-approver}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: approver}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: test-group-admin}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: hostler-admin}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: group-admin}]
---
apiVersion: v1
kind: Node
metadata:
  name: a
  labels: {hostler.dev/node-group: worker}
  annotations: {hostler.dev/cordoned-by: hostler, example.com/rack: "7"}
---
apiVersion: v1
kind: Node
metadata: {name: b, labels: {hostler.dev/node-group: worker}}
---
apiVersion: v1
kind: Pod
metadata: {name: on-a, namespace: default}
spec: {nodeName: a, containers: [{name: c, image: pause}]}
---
apiVersion: v1
kind: Pod
metadata: {name: on-b, namespace: default}
spec: {nodeName: b, containers: [{name: c, image: pause}]}
---
apiVersion: v1
kind: Secret
metadata: {name: unrelated, namespace: default}
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: hostler-coordinator, namespace: hostler-system}
---
apiVersion: hostler.dev/v1alpha1
kind: NodeGroup
metadata: {name: worker}
---
apiVersion: hostler.dev/v1alpha1
kind: NodeGroupConfiguration
metadata: {name: tune}
spec: {check: "true", apply: "true"}
---
apiVersion: hostler.dev/v1alpha1
kind: UpdatePolicy
metadata: {name: default}
---
apiVersion: hostler.dev/v1alpha1
kind: NodeGroupRevision
metadata: {name: worker-01234567}
spec:
  nodeGroup: worker
  checksum: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  host: {kubernetesVersion: 1.36.3, kubelet: {config: {failCgroupV1: false}}}
  configurations: [{name: tune, check: "true", apply: "true"}]
---
apiVersion: hostler.dev/v1alpha1
kind: ManagedNode
metadata: {name: a, annotations: {example.com/rack: "7"}}
spec: {nodeGroup: worker, revision: worker-01234567}
---
apiVersion: hostler.dev/v1alpha1
kind: ManagedNode
metadata: {name: b}
spec: {nodeGroup: worker, revision: worker-01234567}
`

// statusOfOthers is the coordinator's part of a status.
const statusOfOthers = `
status:
  rollout: {provenRevision: worker-00000000, wave: canary}
  conditions: [{type: Waiting, status: "True", reason: Window, message: until Saturday, lastTransitionTime: "2026-11-21T22:00:00Z"}]
`

// waitForPolicies waits until the API server has taken the admission policies up, which it does some time after it has stored
// them. It tries without effect what each forbids.
func waitForPolicies(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	dryRun := metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}}
	tries := map[string]func() error{
		"hostler-node-status": func() error {
			_, err := nodeA.patch(ctx, managedNodes, "a", "status: {rollout: {wave: none}}", dryRun, "status")
			return err
		},
		"hostler-nodes": func() error {
			_, err := nodeA.patch(ctx, nodes, "a", `metadata: {annotations: {hostler.dev/drain: ""}}`, dryRun)
			return err
		},
		"hostler-decisions": func() error {
			_, err := approver.patch(ctx, managedNodes, "a", "spec: {paused: true}", dryRun)
			return err
		},
	}
	for name, try := range tries {
		for {
			err := try()
			if err != nil && strings.Contains(err.Error(), "ValidatingAdmissionPolicy '"+name+"'") {
				break
			}
			if ctx.Err() != nil {
				return fmt.Errorf("admission policy %s does not forbid what it should: got %w", name, errors.Join(err, ctx.Err()))
			}
		}
	}
	return nil
}
