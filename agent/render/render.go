// Package render turns a NodeGroup into the revision that machines are brought to. It is a pure function: the coordinator
// and a machine that applies a file get the same revision from the same group, and a revision has the same name for ever.
//
// What says how a change reaches the machines, and not what they are (nodeSelector, update, disruptions, drift), is no
// part of a revision; neither is the order of lists whose order means nothing, nor how a value is spelt. So an edit that
// changes no machine makes no new revision.
//
// The order of files and units is kept, for units are started and restarted in it.
package render

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// Revision is what the machines of a group should be, under a name that is made from the contents.
type Revision struct {
	// Name is the name of the group, a dash, and the first eight digits of the checksum.
	Name string `json:"name"`
	// Checksum is the SHA-256, in lower-case hexadecimal digits, of the serialised form (see serialize).
	Checksum string `json:"checksum"`
	// Spec is complete: it has its defaults, and the chosen member of each union is there.
	Spec v1alpha1.HostSpec `json:"spec"`
}

// Render makes the revision of a group, which must be valid and is left as it is.
func Render(group *v1alpha1.NodeGroup) (Revision, error) {
	group = group.DeepCopy()
	group.SetDefaults()
	group.Spec.Complete()
	normalize(&group.Spec.HostSpec)
	data, err := serialize(group.Name, &group.Spec.HostSpec)
	if err != nil {
		return Revision{}, fmt.Errorf("serialising node group %q: %w", group.Name, err)
	}
	sum := sha256.Sum256(data)
	checksum := hex.EncodeToString(sum[:])
	return Revision{
		Name:     group.Name + "-" + checksum[:8],
		Checksum: checksum,
		Spec:     group.Spec.HostSpec,
	}, nil
}

// serialize is what the checksum is made from: JSON, with the keys of maps in order. A change of this form would give
// every revision a new name, and every cluster a round of updates for nothing; a golden file in the tests holds it.
// Therefore a new field of the API has no default and is left out (omitempty, for a struct omitzero) until somebody sets it.
func serialize(name string, spec *v1alpha1.HostSpec) ([]byte, error) {
	return json.Marshal(struct {
		APIVersion string             `json:"apiVersion"`
		NodeGroup  string             `json:"nodeGroup"`
		Spec       *v1alpha1.HostSpec `json:"spec"`
	}{v1alpha1.GroupVersion.String(), name, spec})
}

// normalize takes out what means nothing: the order of some lists and the
// leading zeros of modes. Lists and maps that are there but empty are left out by the JSON already.
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
}

func sortByName[T any](list []T, name func(T) string) {
	slices.SortStableFunc(list, func(a, b T) int { return cmp.Compare(name(a), name(b)) })
}
