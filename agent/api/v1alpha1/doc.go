// Package v1alpha1 is the API that people write: the group hostler.dev, version v1alpha1. It holds the Go types, their
// defaults (SetDefaults) and their validation (Validate). The CustomResourceDefinitions in packaging/crds are generated
// from the same types, so a file that `hostler validate` accepts is a file that the API server accepts.
//
// It imports k8s.io/apimachinery and no client: the command line reads a NodeGroup on every start and must start fast.
//
// Four conventions hold in all types:
//
//   - A member of a union (cri.containerd beside cri.docker) is a pointer and has no default; HostSpec.Complete fills in
//     the chosen one. Everything else that has a default has the same one here and in the CRD; a test compares them.
//   - A field whose zero value means something else than "not set" is a pointer.
//   - A field that no step serves yet is refused by Validate (see unsupported.go), never ignored.
//   - CEL rules ask has(self.x) even where x has a default: the API server checks the default {} of an object by itself,
//     before it fills in what is below.
//
// +kubebuilder:object:generate=true
// +groupName=hostler.dev
package v1alpha1

//go:generate go tool -modfile=../../../.ci/tools/go.mod controller-gen object paths=.
//go:generate go tool -modfile=../../../.ci/tools/go.mod controller-gen crd:maxDescLen=1024 paths=. output:crd:dir=../../../packaging/crds
