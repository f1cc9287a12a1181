package cluster

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
)

// bootstrapRBAC lets whoever has a bootstrap token ask for a node's certificate, has the request approved, and lets nodes renew
// theirs. kubeadm sets up the same.
const bootstrapRBAC = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: test-node-bootstrap}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:node-bootstrapper"}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:bootstrappers"}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: test-node-approve}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:certificates.k8s.io:certificatesigningrequests:nodeclient"}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:bootstrappers"}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: test-node-renew}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient"}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: Group, name: "system:nodes"}]
`

// BootstrapToken makes a token with which kubelets can ask for certificates, and returns it as ID.SECRET.
func (cp *ControlPlane) BootstrapToken(ctx context.Context) (string, error) {
	random := make([]byte, 11)
	rand.Read(random)
	text := hex.EncodeToString(random)
	id, secret := text[:6], text[6:]
	err := cp.Apply(ctx, fmt.Sprintf(`
apiVersion: v1
kind: Secret
metadata: {name: bootstrap-token-%s, namespace: kube-system}
type: bootstrap.kubernetes.io/token
stringData:
  token-id: %q
  token-secret: %q
  usage-bootstrap-authentication: "true"
  usage-bootstrap-signing: "true"
`, id, id, secret))
	if err != nil {
		return "", fmt.Errorf("making a bootstrap token: %w", err)
	}
	return id + "." + secret, nil
}

// BootstrapKubeconfig returns the text of a kubeconfig that a token makes, complete in itself.
func (cp *ControlPlane) BootstrapKubeconfig(token string) (string, error) {
	ca, err := os.ReadFile(cp.CAFile)
	if err != nil {
		return "", fmt.Errorf("reading the cluster's CA: %w", err)
	}
	return kubeconfig(cp.URL, "certificate-authority-data: "+base64.StdEncoding.EncodeToString(ca), "token: "+token), nil
}
