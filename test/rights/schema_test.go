//go:build cluster

package rights

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/input"
	"github.com/hostler-dev/hostler/agent/render"
	"github.com/hostler-dev/hostler/test/cluster"
)

// TestSchemas loads the CustomResourceDefinitions into the oldest and the newest API server: their limits for rules differ.
func TestSchemas(t *testing.T) {
	t.Parallel()
	t.Run("of Kubernetes "+cluster.Kubernetes, func(t *testing.T) {
		t.Parallel()
		testSchemas(t, clusterAdmin)
		testExplain(t, controlPlane)
	})
	t.Run("of Kubernetes "+cluster.OldestKubernetes, func(t *testing.T) {
		t.Parallel()
		oldest, err := controlPlane.Oldest(t.Context())
		must(t, err)
		must(t, install(t.Context(), oldest, "crds"))
		admin, err := user(oldest, "oldest-admin", "cluster-admin", "system:masters")
		must(t, err)
		testSchemas(t, admin)
		testExplain(t, oldest)
	})
}

func testSchemas(t *testing.T, admin identity) {
	t.Run("take a revision and give it back as it was", func(t *testing.T) { takeRevision(t, admin) })
	t.Run("keep a revision as it is", func(t *testing.T) { keepRevision(t, admin) })
	for name, c := range badObjects {
		t.Run("refuse "+name, func(t *testing.T) {
			o, err := object(c.object)
			must(t, err)
			o.SetAPIVersion(v1alpha1.GroupVersion.String())
			if o.GetName() == "" {
				o.SetName("bad")
			}
			_, err = admin.Resource(resourceOf(o.GetKind())).Create(t.Context(), o, metav1.CreateOptions{
				DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict,
			})
			// What does not exist is a bad request, what may not be is invalid.
			if !apierrors.IsInvalid(err) && !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one that says %s", err, c.want)
			}
		})
	}
}

// badObjects are refused before hostler sees them, each for the reason given.
var badObjects = map[string]struct{ object, want string }{
	"a group with a long name":                   {"{kind: NodeGroup, metadata: {name: " + strings.Repeat("a", 64) + "}}", "at most 63 characters"},
	"a runtime's section beside another runtime": {"{kind: NodeGroup, spec: {cri: {type: Containerd, docker: {}}}}", "docker is only for type Docker"},
	"a group without room for an update":         {"{kind: NodeGroup, spec: {update: {maxUnavailable: 0}}}", "must be a number from 1, or a percentage"},
	"a share that is none":                       {"{kind: NodeGroup, spec: {update: {maxUnavailable: 10pct}}}", "spec.update.maxUnavailable"},
	"a wave without nodes":                       {"{kind: NodeGroup, spec: {update: {waves: [{name: a, size: 0}]}}}", "spec.update.waves[0].size"},
	"two waves of one name":                      {"{kind: NodeGroup, spec: {update: {waves: [{name: a}, {name: a}]}}}", "Duplicate value"},
	"a time that no Go program can read":         {"{kind: NodeGroup, spec: {update: {waves: [{name: a, soak: 3 days}]}}}", "spec.update.waves[0].soak"},
	"a window that never opens":                  {`{kind: NodeGroup, spec: {update: {windows: [{from: "22:00", to: "22:00"}]}}}`, "from and to must differ"},
	"a time of day that is none":                 {`{kind: NodeGroup, spec: {disruptions: {automatic: {windows: [{from: "24:00", to: "06:00"}]}}}}`, "spec.disruptions.automatic.windows[0].from"},
	"an exclusion that ends before it begins":    {`{kind: NodeGroup, spec: {update: {exclusions: [{from: "2026-12-24T00:00:00Z", to: "2026-12-23T00:00:00Z"}]}}}`, "to must be after from"},
	"a failure budget of none":                   {"{kind: NodeGroup, spec: {update: {failureBudget: 0}}}", "spec.update.failureBudget"},
	"a drain policy that nobody knows":           {"{kind: NodeGroup, spec: {disruptions: {drain: {onTimeout: Ignore}}}}", "spec.disruptions.drain.onTimeout"},
	"a taint twice":                              {"{kind: NodeGroup, spec: {nodeTemplate: {taints: [{key: a, effect: NoSchedule}, {key: a, effect: NoSchedule}]}}}", "Duplicate value"},

	"a configuration without a check":        {"{kind: NodeGroupConfiguration, spec: {apply: a}}", "spec.check: Required"},
	"a configuration with an empty apply":    {"{kind: NodeGroupConfiguration, spec: {check: a, apply: ''}}", "spec.apply"},
	"a configuration for no group":           {"{kind: NodeGroupConfiguration, spec: {check: a, apply: a, nodeGroups: []}}", "spec.nodeGroups"},
	"a configuration above all weights":      {"{kind: NodeGroupConfiguration, spec: {check: a, apply: a, weight: 10001}}", "spec.weight"},
	"a configuration of an unknown impact":   {"{kind: NodeGroupConfiguration, spec: {check: a, apply: a, impact: Huge}}", "spec.impact"},
	"a configuration with a field too many":  {"{kind: NodeGroupConfiguration, spec: {check: a, apply: a, undone: b}}", "unknown field"},
	"a configuration with a script too long": {"{kind: NodeGroupConfiguration, spec: {check: a, apply: " + strings.Repeat("a", 256<<10+1) + "}}", "spec.apply"},
	"a configuration with a long name":       {"{kind: NodeGroupConfiguration, metadata: {name: " + strings.Repeat("a", 64) + "}, spec: {check: a, apply: a}}", "at most 63 characters"},

	"a second policy":                {"{kind: UpdatePolicy, metadata: {name: second}}", "its name is default"},
	"a policy that allows no update": {"{kind: UpdatePolicy, metadata: {name: default}, spec: {maxUnavailable: 0}}", "must be a number from 1, or a percentage"},

	"a revision of another name":           {strings.Replace(revision("worker-01234567"), "name: worker-01234567", "name: worker-76543210", 1), "the name is made from the group and the checksum"},
	"a revision without a checksum":        {"{kind: NodeGroupRevision, spec: {nodeGroup: worker, host: {}}}", "spec.checksum: Required"},
	"a ManagedNode of no group":            {"{kind: ManagedNode, spec: {nodeGroup: ''}}", "spec.nodeGroup"},
	"an approval without a time":           {"{kind: ManagedNode, spec: {nodeGroup: a, approval: {revision: r, plan: p, by: me}}}", "spec.approval.at: Required"},
	"an approval of what disrupts nothing": {"{kind: ManagedNode, spec: {nodeGroup: a, disruption: {plan: p, impact: Restart, by: me, at: '2026-11-21T22:00:00.000000Z'}}}", "needs no approval"},
}

func resourceOf(kind string) schema.GroupVersionResource {
	return map[string]schema.GroupVersionResource{
		v1alpha1.NodeGroupKind: nodeGroups, v1alpha1.NodeGroupConfigurationKind: configurations, v1alpha1.NodeGroupRevisionKind: revisions,
		v1alpha1.ManagedNodeKind: managedNodes, v1alpha1.UpdatePolicyKind: policies,
	}[kind]
}

// takeRevision stores the revision of the fullest group that there is. An agent that reads it must find the checksum that the
// coordinator made, after all that an API server does to objects.
func takeRevision(t *testing.T, admin identity) {
	path := filepath.Join(checkout, "agent", "testdata", "full.yaml")
	file, err := os.Open(path)
	must(t, err)
	defer file.Close()
	docs, err := input.Read(path, file)
	must(t, err)
	c := v1alpha1.NodeGroupConfiguration{ObjectMeta: metav1.ObjectMeta{Name: "tune"}}
	c.Spec.Check, c.Spec.Apply = "#!/bin/sh\ntrue\n", "true"
	made, err := render.Render(docs.Groups[0], []v1alpha1.NodeGroupConfiguration{c})
	must(t, err)

	o := &unstructured.Unstructured{}
	o.Object, err = runtime.DefaultUnstructuredConverter.ToUnstructured(&v1alpha1.NodeGroupRevision{Spec: made.Spec})
	must(t, err)
	o.SetAPIVersion(v1alpha1.GroupVersion.String())
	o.SetKind(v1alpha1.NodeGroupRevisionKind)
	o.SetName(made.Name)
	_, err = admin.Resource(revisions).Create(t.Context(), o, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict})
	must(t, err)
	stored, err := admin.Resource(revisions).Get(t.Context(), made.Name, metav1.GetOptions{})
	must(t, err)
	var read v1alpha1.NodeGroupRevision
	must(t, runtime.DefaultUnstructuredConverter.FromUnstructured(stored.Object, &read))
	if err := render.Verify(render.Revision{Name: read.Name, Spec: read.Spec}); err != nil {
		t.Errorf("got %v for the revision as the API server gives it back, want it whole", err)
	}
}

func keepRevision(t *testing.T, admin identity) {
	text := `
apiVersion: hostler.dev/v1alpha1
kind: NodeGroupRevision
metadata: {name: kept-01234567}
spec:
  nodeGroup: kept
  checksum: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  host: {kubernetesVersion: 1.36.3, kubelet: {config: {failCgroupV1: false}}}
  configurations: [{name: tune, check: "true", apply: "true"}]
`
	must(t, create(revisions, text)(t.Context(), admin))
	for name, change := range map[string]string{
		"the group":             "spec: {nodeGroup: master}",
		"the checksum":          "spec: {checksum: '" + strings.Repeat("0", 64) + "'}",
		"the host":              "spec: {host: {kubernetesVersion: 1.36.4}}",
		"a default of the host": "spec: {host: {operatingSystem: {swap: Unmanaged}}}",
		"a free-form part":      "spec: {host: {kubelet: {config: {failCgroupV1: true}}}}",
		"a script":              `spec: {configurations: [{name: tune, check: "true", apply: "false"}]}`,
		"all scripts":           "spec: {configurations: null}",
	} {
		err := patch(revisions, "kept-01234567", change)(t.Context(), admin)
		if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "a revision cannot be changed") {
			t.Errorf("%s: got error %v, want the change refused", name, err)
		}
	}
	must(t, patch(revisions, "kept-01234567", "metadata: {labels: {a: b}}")(t.Context(), admin))
}

func testExplain(t *testing.T, cp *cluster.ControlPlane) {
	for _, field := range []string{
		"nodegroups", "ng.spec", "ng.spec.update.waves", "ng.spec.update.windows", "ng.spec.nodeTemplate.taints", "ng.status", "ng.status.nodes",
		"nodegroupconfigurations", "ngc.spec", "nodegrouprevisions", "ngr.spec", "ngr.spec.host", "ngr.spec.configurations", "managednodes",
		"mn.spec", "mn.spec.approval", "mn.status", "mn.status.plan", "mn.status.rollout.drain.blocking", "updatepolicies", "up.spec",
	} {
		t.Run("explain "+field, func(t *testing.T) {
			out, err := cp.Kubectl(t.Context(), "explain", field)
			must(t, err)
			if strings.Contains(out, "<no description>") || strings.Contains(out, "<empty>") {
				t.Errorf("got no description for something in\n%s", out)
			}
		})
	}
}
