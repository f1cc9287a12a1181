package cluster

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
)

// UserKubeconfig writes a kubeconfig for a user with a certificate of its own, such as the one that a kubelet has, and returns
// its path. name is the file's.
func (cp *ControlPlane) UserKubeconfig(name, user string, groups ...string) (string, error) {
	if err := cp.authority.issue(name, user, groups, nil, nil); err != nil {
		return "", err
	}
	if err := cp.writeKubeconfig(name); err != nil {
		return "", fmt.Errorf("writing the kubeconfig of %s: %w", user, err)
	}
	return cp.file(name + ".kubeconfig"), nil
}

// Oldest starts an API server of [OldestKubernetes] beside this one, with objects of its own in the same etcd, and returns when
// it takes them. It has no controllers: CustomResourceDefinitions work, and little else.
func (cp *ControlPlane) Oldest(ctx context.Context) (*ControlPlane, error) {
	const port = 6429
	binary, err := cp.run.assets.Binary(ctx, "kube-apiserver", OldestKubernetes)
	if err != nil {
		return nil, err
	}
	address := cp.run.Bridge.Addr()
	oldest := *cp
	oldest.URL = "https://" + netip.AddrPortFrom(address, port).String()
	oldest.Kubeconfig = filepath.Join(cp.dir, "oldest.kubeconfig")
	user := fmt.Sprintf("client-certificate: %s\n    client-key: %s", cp.file("admin.crt"), cp.file("admin.key"))
	config := kubeconfig(oldest.URL, "certificate-authority: "+cp.CAFile, user)
	if err := os.WriteFile(oldest.Kubeconfig, []byte(config), 0o600); err != nil {
		return nil, fmt.Errorf("starting an old API server: %w", err)
	}
	// The last of two flags counts.
	flags := append(cp.apiServerFlags(address.String(), "http://"+address.String()+":2379"),
		"--etcd-prefix=/oldest", fmt.Sprintf("--secure-port=%d", port))
	name := "kube-apiserver-" + strings.ReplaceAll(OldestKubernetes, ".", "-")
	if oldest.APIServer, err = cp.run.Program(ctx, name, append([]string{binary}, flags...)...); err != nil {
		return nil, err
	}
	return &oldest, oldest.waitFor(ctx, "get", "--raw=/readyz")
}
