// Package config writes the kubelet's configuration file: a
// KubeletConfiguration of kubelet.config.k8s.io/v1beta1 from what hostler
// decides, with the user's overlay laid over it.
//
// The kubelet reads that file leniently: a misspelt field, or one that its
// version does not have yet, is logged and ignored (kubernetes/kubernetes
// pkg/kubelet/kubeletconfig/util/codec). So this package is strict in its place:
// an overlay must decode into the published types without a rest, must not use
// fields newer than the target version, and must not touch what hostler owns.
package config
