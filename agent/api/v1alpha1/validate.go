package v1alpha1

import (
	"fmt"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Validate reports everything that is wrong with a group, by path; nothing means that it may be applied. The group must
// have its defaults (SetDefaults). It says more than the CRD can, and needs no machine and no cluster: whether a
// package or a kernel parameter exists is found out when a plan is made.
func (g *NodeGroup) Validate() field.ErrorList {
	c := &checker{}
	c.metadata(NodeGroupKind, &g.ObjectMeta)
	c.dnsLabel(field.NewPath("metadata", "name"), g.Name)
	spec := field.NewPath("spec")
	c.labels(spec.Child("nodeSelector"), g.Spec.NodeSelector)
	c.host(spec, &g.Spec.HostSpec)
	c.update(spec.Child("update"), &g.Spec.Update)
	c.disruptions(spec.Child("disruptions"), &g.Spec.Disruptions)
	c.drift(spec.Child("drift"), &g.Spec.Drift)
	c.refuseUnsupported(&g.Spec)
	return c.errs
}

// checker collects problems, so that a check says what it wants and goes on.
type checker struct {
	errs field.ErrorList
}

func (c *checker) invalid(p *field.Path, value any, format string, args ...any) {
	c.errs = append(c.errs, field.Invalid(p, value, fmt.Sprintf(format, args...)))
}

func (c *checker) require(p *field.Path, why string) {
	c.errs = append(c.errs, field.Required(p, why))
}

func (c *checker) forbid(p *field.Path, why string) {
	c.errs = append(c.errs, field.Forbidden(p, why))
}

// matches checks a value that may be left out.
func (c *checker) matches(p *field.Path, value string, pattern *regexp.Regexp, must string) {
	if value != "" && !pattern.MatchString(value) {
		c.invalid(p, value, "must be %s", must)
	}
}

// needsMatch checks a value that must be there.
func (c *checker) needsMatch(p *field.Path, value string, pattern *regexp.Regexp, must string) {
	if value == "" {
		c.require(p, must)
		return
	}
	c.matches(p, value, pattern, must)
}

// unique returns a function that reports the second use of a value.
func (c *checker) unique() func(p *field.Path, value string) {
	seen := map[string]bool{}
	return func(p *field.Path, value string) {
		if value != "" && seen[value] {
			c.errs = append(c.errs, field.Duplicate(p, value))
		}
		seen[value] = true
	}
}

// oneOf checks an enum; what is not set has a default or is caught elsewhere.
func oneOf[T ~string](c *checker, p *field.Path, value T, allowed ...T) {
	if value != "" && !slices.Contains(allowed, value) {
		c.errs = append(c.errs, field.NotSupported(p, value, allowed))
	}
}

func (c *checker) absolutePath(p *field.Path, value, what string) {
	switch {
	case value == "":
		c.require(p, "the absolute path of "+what)
	case !strings.HasPrefix(value, "/") || value == "/" || path.Clean(value) != value:
		c.invalid(p, value, `must be an absolute path without "..", double or trailing slashes`)
	case strings.ContainsAny(value, "\x00\n"):
		c.invalid(p, value, "must be on one line")
	}
}

// url checks an address. Users and passwords are refused: everybody who may read the group would read them.
func (c *checker) url(p *field.Path, value string, schemes ...string) {
	if value == "" {
		c.require(p, "a URL that starts with "+strings.Join(schemes, ":// or ")+"://")
		return
	}
	u, err := url.Parse(value)
	switch {
	case err == nil && u.User != nil:
		c.forbid(p, "user and password do not belong here: everybody who may read this object would read them")
	case err != nil || !slices.Contains(schemes, u.Scheme) || u.Host == "" && u.Scheme != "file":
		// The value is not repeated: what cannot be parsed may hold a password all the same.
		c.forbid(p, "must be a URL that starts with "+strings.Join(schemes, ":// or ")+"://")
	}
}

// noPrivateKey keeps the one secret out that can be told from other text.
func (c *checker) noPrivateKey(p *field.Path, content string) {
	if privateKey.MatchString(content) {
		c.forbid(p, "a private key does not belong here: everybody who may read this object would read it; put it on the machine as a file")
	}
}

func (c *checker) labels(p *field.Path, labels map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		at := p.Key(key)
		c.labelKey(at, key)
		c.labelValue(at, labels[key])
	}
}

// labelKey checks what labels, taints and annotations have in common. Kubernetes' own messages quote its patterns.
func (c *checker) labelKey(p *field.Path, key string) {
	if len(validation.IsQualifiedName(key)) > 0 {
		c.invalid(p, key, "must be a name of at most 63 letters, digits, dashes, underscores and dots, after a domain and a slash or alone, such as example.com/pool")
	}
}

func (c *checker) labelValue(p *field.Path, value string) {
	if len(validation.IsValidLabelValue(value)) > 0 {
		c.invalid(p, value, "must be empty or at most 63 letters, digits, dashes, underscores and dots, with a letter or digit at both ends")
	}
}

// metadata checks what the kinds have in common: they have a name and no namespace.
func (c *checker) metadata(kind string, m *metav1.ObjectMeta) {
	p := field.NewPath("metadata")
	if m.Name == "" {
		c.require(p.Child("name"), "the name of the "+kind)
	}
	if m.Namespace != "" {
		c.forbid(p.Child("namespace"), "a "+kind+" belongs to the cluster, not to a namespace")
	}
}

// dnsLabel checks a name that becomes the value of a label or part of a file's name; one that is missing is caught elsewhere.
func (c *checker) dnsLabel(p *field.Path, name string) {
	if name != "" && len(validation.IsDNS1123Label(name)) > 0 {
		c.invalid(p, name, "must be at most 63 lower-case letters, digits and dashes, with a letter or digit at both ends")
	}
}

func (c *checker) host(p *field.Path, s *HostSpec) {
	c.matches(p.Child("kubernetesVersion"), s.KubernetesVersion, exactVersion,
		"an exact version of three numbers without a v, such as 1.36.3")
	c.packages(p.Child("packages"), &s.Packages, s.KubernetesVersion != "")
	c.cri(p.Child("cri"), &s.CRI)
	c.kubelet(p.Child("kubelet"), &s.Kubelet)
	c.operatingSystem(p.Child("operatingSystem"), &s.OperatingSystem)
	c.network(p.Child("network"), &s.Network)
	c.nodeTemplate(p.Child("nodeTemplate"), &s.NodeTemplate)
	if s.KubernetesVersion == "" {
		c.refuseKubeletSettings(p, s)
	}
}

// refuseKubeletSettings is for a group without a kubelet, where they would be ignored. What nodeTemplate says is no part of
// them: the coordinator keeps it on any Node, whoever installed its kubelet.
func (c *checker) refuseKubeletSettings(p *field.Path, s *HostSpec) {
	var defaults KubeletSpec
	defaults.setDefaults()
	if !equality.Semantic.DeepEqual(s.Kubelet, defaults) {
		c.forbid(p.Child("kubelet"), "has no effect without spec.kubernetesVersion, because the kubelet is not managed then")
	}
}
