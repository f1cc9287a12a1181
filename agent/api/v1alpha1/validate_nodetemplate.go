package v1alpha1

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

func (c *checker) nodeTemplate(p *field.Path, s *NodeTemplateSpec) {
	c.labels(p.Child("labels"), s.Labels)
	for _, key := range slices.Sorted(maps.Keys(s.Labels)) {
		if !kubeletMayLabel(key) {
			c.forbid(p.Child("labels").Key(key), "a kubelet may not give its own Node this label; use a prefix of your own, or node.kubernetes.io")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Annotations)) {
		at := p.Child("annotations").Key(key)
		c.labelKey(at, key)
		if prefix, _, _ := strings.Cut(key, "/"); prefix == GroupVersion.Group {
			c.forbid(at, "annotations of "+GroupVersion.Group+" are requests to hostler and its answers: they do not belong into a template")
		}
	}
	c.taints(p.Child("taints"), s.Taints)
}

func (c *checker) taints(p *field.Path, taints []Taint) {
	keys := c.unique()
	for i, taint := range taints {
		at := p.Index(i)
		keys(at, taint.Key+":"+string(taint.Effect))
		if taint.Key == "" {
			c.require(at.Child("key"), "a label key")
		} else {
			c.labelKey(at.Child("key"), taint.Key)
		}
		c.labelValue(at.Child("value"), taint.Value)
		if taint.Effect == "" {
			c.require(at.Child("effect"), "NoSchedule, PreferNoSchedule or NoExecute")
		}
		oneOf(c, at.Child("effect"), taint.Effect, TaintNoSchedule, TaintPreferNoSchedule, TaintNoExecute)
	}
}

// ownKubeletLabels are the labels under Kubernetes' domains that --node-labels accepts one by one; the kubelet does not
// start with any other. Source: KubeletLabels in k8s.io/kubelet/pkg/apis and the documentation of --node-labels.
var ownKubeletLabels = []string{
	"kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch", "beta.kubernetes.io/os", "beta.kubernetes.io/arch",
	"beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type",
	"failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region",
	"topology.kubernetes.io/zone", "topology.kubernetes.io/region",
}

// kubeletMayLabel tells what a kubelet accepts in --node-labels: any label outside of Kubernetes' domains, those in the
// list, and those under kubelet.kubernetes.io and node.kubernetes.io.
func kubeletMayLabel(key string) bool {
	prefix, _, hasPrefix := strings.Cut(key, "/")
	if !hasPrefix || !inDomain(prefix, "kubernetes.io") && !inDomain(prefix, "k8s.io") {
		return true
	}
	return inDomain(prefix, "kubelet.kubernetes.io") || inDomain(prefix, "node.kubernetes.io") ||
		slices.Contains(ownKubeletLabels, key)
}

func inDomain(name, domain string) bool {
	return name == domain || strings.HasSuffix(name, "."+domain)
}
