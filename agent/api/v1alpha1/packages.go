package v1alpha1

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PackagesSpec is the package manager's share of a host.
type PackagesSpec struct {
	// Repositories that packages come from, beside those that the machine has already.
	// +listType=map
	// +listMapKey=name
	// +optional
	Repositories []Repository `json:"repositories,omitempty"`
	// Install are packages that have to be there. One with a version is held (apt) or version-locked (rpm) at it.
	// +listType=map
	// +listMapKey=name
	// +optional
	Install []Package `json:"install,omitempty"`
	// Remove are the names of packages that must not be there.
	// +listType=set
	// +optional
	Remove []string `json:"remove,omitempty"`
	// LockTimeout is how long to wait for another program that holds the package manager's lock.
	// +kubebuilder:default="10m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^(0|([0-9]{1,6}(\.[0-9]{1,9})?(ns|us|µs|ms|s|m|h))+)$`
	// +kubebuilder:validation:MaxLength=20
	// +optional
	LockTimeout *metav1.Duration `json:"lockTimeout,omitempty"`
}

// RepositoryType is the format of a package repository.
// +kubebuilder:validation:Enum=apt;rpm
type RepositoryType string

// The formats of package repositories.
const (
	RepositoryApt RepositoryType = "apt"
	RepositoryRPM RepositoryType = "rpm"
)

// Repository is one source of packages. Its signatures are always checked.
type Repository struct {
	// Name of the repository, and of the file that describes it on the host.
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$`
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
	// Distros that the repository is for: an os-release ID (debian), or ID/VERSION_ID (debian/12, which also stands for
	// 12.1). Default: every distribution whose package manager reads this type of repository.
	// +listType=set
	// +optional
	Distros []string `json:"distros,omitempty"`
	// Type is the format of the repository.
	Type RepositoryType `json:"type"`
	// URL of the repository: http, https or file, without user and password.
	// +kubebuilder:validation:MinLength=1
	URL string `json:"url"`
	// Suite is apt's distribution, such as bookworm; for a flat repository a path that ends in a slash. Required for apt,
	// unknown to rpm.
	// +optional
	Suite string `json:"suite,omitempty"`
	// Components of the suite, such as main. Required for apt unless the suite ends in a slash; unknown to rpm.
	// +listType=set
	// +optional
	Components []string `json:"components,omitempty"`
	// Key that signs the repository: a public key in ASCII armour, or the absolute path of a key file on the host.
	// +kubebuilder:validation:MinLength=1
	Key string `json:"key"`
}

// ServesDistro reports whether the repository is meant for a machine with this os-release ID and VERSION_ID.
func (r *Repository) ServesDistro(id, versionID string) bool {
	if len(r.Distros) == 0 {
		return true
	}
	return slices.ContainsFunc(r.Distros, func(distro string) bool {
		wantID, wantVersion, hasVersion := strings.Cut(distro, "/")
		if wantID != id || !hasVersion {
			return wantID == id
		}
		return versionID == wantVersion || strings.HasPrefix(versionID, wantVersion+".")
	})
}

// KeyIsPath reports whether Key names a file on the host; otherwise it is the key itself.
func (r *Repository) KeyIsPath() bool {
	return strings.HasPrefix(r.Key, "/")
}

// Package is a package that has to be installed.
type Package struct {
	// Name as the distribution spells it.
	// +kubebuilder:validation:MinLength=1
	Name string `json:"name"`
	// Version as the package manager prints it, such as 1.36.3-1.1. Default: the version that is there, or the newest
	// when none is; such a package is not held.
	// +optional
	Version string `json:"version,omitempty"`
}
