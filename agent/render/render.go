// Package render turns a NodeGroup and its NodeGroupConfigurations into the revision that machines are brought to. It is a
// pure function: the coordinator and a machine that applies a file get the same revision from the same input, and a
// revision has the same name for ever.
//
// What says how a change reaches the machines, and not what they are (nodeSelector, update, disruptions, drift), is no
// part of a revision; neither is the order of lists whose order means nothing, nor how a value is spelt. So an edit that
// changes no machine makes no new revision. Of configurations the weight and the groups are no part either: what they lead
// to is, which is the list in order.
//
// The order of files and units is kept, for units are started and restarted in it.
package render

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// Revision is what the machines of a group should be, under a name that is made from the contents: the name of the group,
// a dash, and the first eight digits of the checksum.
type Revision struct {
	Name string `json:"name"`
	// Spec is complete: it has its defaults, and the chosen member of each union is there.
	Spec v1alpha1.NodeGroupRevisionSpec `json:"spec"`
}

// Render makes the revision of a group from its spec and from those of the configurations that are meant for it. All must
// be valid; all are left as they are.
func Render(group *v1alpha1.NodeGroup, configurations []v1alpha1.NodeGroupConfiguration) (Revision, error) {
	group = group.DeepCopy()
	group.SetDefaults()
	group.Spec.Complete()
	normalize(&group.Spec.HostSpec)
	spec := v1alpha1.NodeGroupRevisionSpec{
		NodeGroup: group.Name, Host: group.Spec.HostSpec, Configurations: choose(group.Name, configurations),
	}
	sum, err := checksum(&spec)
	if err != nil {
		return Revision{}, err
	}
	spec.Checksum = sum
	return Revision{Name: Name(group.Name, sum), Spec: spec}, nil
}

// Name is the name of a group's revision with a checksum.
func Name(group, checksum string) string { return group + "-" + checksum[:8] }

// ErrChecksum says that a revision is not what it was when it was made.
var ErrChecksum = errors.New("the contents do not fit the checksum")

// Verify tells whether a revision still is what its checksum and its name say. An API server with older
// CustomResourceDefinitions drops what it does not know, and whoever may write revisions could change one.
func Verify(r Revision) error {
	sum, err := checksum(&r.Spec)
	if err != nil {
		return err
	}
	if sum != r.Spec.Checksum || r.Name != Name(r.Spec.NodeGroup, sum) {
		return fmt.Errorf("revision %s: %w (%s): were the CustomResourceDefinitions updated together with the coordinator?", r.Name, ErrChecksum, sum)
	}
	return nil
}

// choose takes the configurations that are meant for a group, in the order in which they run.
func choose(group string, all []v1alpha1.NodeGroupConfiguration) []v1alpha1.Configuration {
	var chosen []v1alpha1.NodeGroupConfiguration
	for _, c := range all {
		c = *c.DeepCopy()
		c.SetDefaults()
		if c.Serves(group) {
			chosen = append(chosen, c)
		}
	}
	slices.SortFunc(chosen, func(a, b v1alpha1.NodeGroupConfiguration) int {
		return cmp.Or(cmp.Compare(*a.Spec.Weight, *b.Spec.Weight), cmp.Compare(a.Name, b.Name))
	})
	var rendered []v1alpha1.Configuration
	for _, c := range chosen {
		slices.Sort(c.Spec.Distros)
		rendered = append(rendered, v1alpha1.Configuration{Name: c.Name, Script: c.Spec.Script})
	}
	return rendered
}

// checksum is made from JSON, with the keys of maps in order. A change of this form would give every revision a new name,
// and every cluster a round of updates for nothing; a golden file in the tests holds it. Therefore a new field of the API has no default and is left out (omitempty, for a struct omitzero) until somebody sets it.
func checksum(spec *v1alpha1.NodeGroupRevisionSpec) (string, error) {
	data, err := json.Marshal(struct {
		APIVersion     string                   `json:"apiVersion"`
		NodeGroup      string                   `json:"nodeGroup"`
		Spec           *v1alpha1.HostSpec       `json:"spec"`
		Configurations []v1alpha1.Configuration `json:"configurations,omitempty"`
	}{v1alpha1.GroupVersion.String(), spec.NodeGroup, &spec.Host, spec.Configurations})
	if err != nil {
		return "", fmt.Errorf("serialising node group %q: %w", spec.NodeGroup, err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// normalize takes out what means nothing to a host: the order of some lists, the leading zeros of modes, and what the
// coordinator alone reads. Lists and maps that are there but empty are left out by the JSON already.
func normalize(s *v1alpha1.HostSpec) {
	sortByName(s.Packages.Repositories, func(r v1alpha1.Repository) string { return r.Name })
	for i := range s.Packages.Repositories {
		slices.Sort(s.Packages.Repositories[i].Distros)
		slices.Sort(s.Packages.Repositories[i].Components)
	}
	sortByName(s.Packages.Install, func(p v1alpha1.Package) string { return p.Name })
	slices.Sort(s.Packages.Remove)
	if s.CRI.Containerd != nil {
		sortByName(s.CRI.Containerd.Registries, func(r v1alpha1.Registry) string { return r.Host })
		sortByName(s.CRI.Containerd.Runtimes, func(r v1alpha1.Runtime) string { return r.Name })
		if base := s.CRI.Containerd.BaseRuntimeSpec; base != nil {
			sortByName(base.Rlimits, func(l v1alpha1.Rlimit) string { return l.Type })
		}
	}
	slices.Sort(s.OperatingSystem.KernelModules)
	for i := range s.OperatingSystem.Files {
		file := &s.OperatingSystem.Files[i]
		file.Mode = fmt.Sprintf("%04o", file.ModeBits())
	}
	for i := range s.OperatingSystem.Units {
		sortByName(s.OperatingSystem.Units[i].DropIns, func(d v1alpha1.DropIn) string { return d.Name })
	}
	sortByName(s.OperatingSystem.CACertificates, func(c v1alpha1.CACertificate) string { return c.Name })
	if s.OperatingSystem.Proxy != nil {
		slices.Sort(s.OperatingSystem.Proxy.NoProxy)
	}
	sortByName(s.NodeTemplate.Taints, v1alpha1.Taint.String)
	s.NodeTemplate.Annotations = nil // the coordinator keeps them on the Node; no host sees them
}

func sortByName[T any](list []T, name func(T) string) {
	slices.SortStableFunc(list, func(a, b T) int { return cmp.Compare(name(a), name(b)) })
}
