package coordinator

import (
	"context"
	"fmt"
	"path"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/version"
	apiversion "k8s.io/apimachinery/pkg/version"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// servers knows the lowest version among the API servers, above which no kubelet may be
// (https://kubernetes.io/releases/version-skew-policy/#kubelet).
//
// It asks /version of the server that it talks to, and reads the image tags of the pods in kube-system that kubeadm and
// others label component=kube-apiserver. Where API servers are no pods (managed control planes, k3s) a load balancer shows
// one at a time, and what was seen first of two versions during an upgrade of the control plane may be the higher one. So
// let the control plane settle before kubernetesVersion is raised there.
type servers struct {
	version discoverer
	pods    client.Reader

	mu     sync.Mutex
	known  string
	asked  time.Time
	failed bool
}

// discoverer asks an API server for its version; discovery.DiscoveryInterface does.
type discoverer interface {
	ServerVersion() (*apiversion.Info, error)
}

// versionLasts is how long a version counts as known. After requests that failed it is asked again: that may have been an upgrade.
const versionLasts = time.Minute

func (s *servers) lowest() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known
}

// disturbed says that the API server did not answer as usual.
func (s *servers) disturbed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failed = true
}

// refresh asks again if it is time. While it fails nothing is known, and no kubelet changes its minor version.
func (s *servers) refresh(ctx context.Context, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.failed && s.known != "" && now.Sub(s.asked) < versionLasts {
		return nil
	}
	lowest, err := s.ask(ctx)
	s.known, s.asked, s.failed = lowest, now, err != nil
	return err
}

func (s *servers) ask(ctx context.Context) (string, error) {
	info, err := s.version.ServerVersion()
	if err != nil {
		return "", fmt.Errorf("asking the API server for its version: %w", err)
	}
	lowest, err := version.ParseSemantic(info.GitVersion)
	if err != nil {
		return "", fmt.Errorf("reading the API server's version %q: %w", info.GitVersion, err)
	}
	var pods corev1.PodList
	err = s.pods.List(ctx, &pods, client.InNamespace(metav1.NamespaceSystem), client.MatchingLabels{"component": "kube-apiserver"})
	if err != nil {
		return "", fmt.Errorf("looking for further API servers in %s: %w", metav1.NamespaceSystem, err)
	}
	for i := range pods.Items {
		for _, container := range pods.Items[i].Spec.Containers {
			if v := imageVersion(container.Image); v != nil && v.LessThan(lowest) {
				lowest = v
			}
		}
	}
	return fmt.Sprintf("%d.%d.%d", lowest.Major(), lowest.Minor(), lowest.Patch()), nil
}

// imageVersion is the version in an image's tag, such as registry.k8s.io/kube-apiserver:v1.36.3; nil: it has none.
func imageVersion(image string) *version.Version {
	image, _, _ = strings.Cut(image, "@")
	_, tag, _ := strings.Cut(path.Base(image), ":") // a colon before the last slash belongs to a port
	parsed, err := version.ParseSemantic(strings.ReplaceAll(tag, "_", "+"))
	if err != nil {
		return nil
	}
	return parsed
}
