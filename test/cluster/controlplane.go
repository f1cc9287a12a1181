package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
)

// The cluster's networks. They exist inside nodes only.
const (
	podNetwork     = "10.244.0.0/16"
	serviceNetwork = "10.96.0.0/16"
	firstService   = "10.96.0.1" // the API server's
	ClusterDNS     = "10.96.0.10"
	ClusterDomain  = "cluster.local"
)

// ControlPlane is a real one, on the bridge's address.
type ControlPlane struct {
	URL        string // of the API server
	Kubeconfig string // file of a cluster administrator
	CAFile     string // certificate of the CA that signs servers, and kubelets after their CSRs

	Etcd, APIServer, ControllerManager, Scheduler *Process

	run       *Run
	authority *authority
	kubectl   string // path
	dir       string
}

// ControlPlane starts etcd, API server, controller-manager and scheduler, and returns when the cluster takes objects. A second
// call returns the same.
func (r *Run) ControlPlane(ctx context.Context) (*ControlPlane, error) {
	if err := r.assets.PrepareControlPlane(ctx); err != nil {
		return nil, err
	}
	ctx, done, err := r.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cp != nil {
		return r.cp, nil
	}
	start := time.Now()
	cp, err := r.newControlPlane(ctx)
	if err != nil {
		return nil, fmt.Errorf("starting the control plane: %w", err)
	}
	r.cp = cp
	r.assets.progress.printf("control plane: Kubernetes %s at %s, ready in %s", Kubernetes, cp.URL, time.Since(start).Round(100*time.Millisecond))
	return cp, nil
}

func (r *Run) newControlPlane(ctx context.Context) (*ControlPlane, error) {
	cp := &ControlPlane{
		URL: "https://" + netip.AddrPortFrom(r.Bridge.Addr(), 6443).String(),
		run: r,
		dir: filepath.Join(r.dir, "control-plane"),
	}
	cp.CAFile = filepath.Join(cp.dir, "ca.crt")
	cp.Kubeconfig = filepath.Join(cp.dir, "admin.kubeconfig")
	if err := os.Mkdir(cp.dir, 0o700); err != nil {
		return nil, err
	}
	if err := cp.writeCredentials(r.Bridge.Addr()); err != nil {
		return nil, err
	}
	if err := cp.describe(ctx, r); err != nil {
		return nil, err
	}
	if err := errors.Join(cp.Etcd.start(), cp.APIServer.start()); err != nil {
		return nil, err
	}
	// The others end where they ask an API server that has no RBAC roles yet.
	if err := cp.waitFor(ctx, "get", "--raw=/readyz"); err != nil {
		return nil, err
	}
	if err := errors.Join(cp.ControllerManager.start(), cp.Scheduler.start()); err != nil {
		return nil, err
	}
	if err := cp.WaitReady(ctx); err != nil {
		return nil, err
	}
	return cp, cp.Apply(ctx, bootstrapRBAC)
}

// writeCredentials makes the CA, the certificates and the kubeconfigs.
func (cp *ControlPlane) writeCredentials(address netip.Addr) error {
	ca, err := newAuthority(cp.dir)
	if err != nil {
		return err
	}
	serviceKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	cp.authority = ca
	addresses := []net.IP{address.AsSlice(), net.ParseIP("127.0.0.1"), net.ParseIP(firstService)}
	hosts := []string{"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + ClusterDomain}
	masters := []string{"system:masters"}
	return errors.Join(
		writeKey(filepath.Join(cp.dir, "service-account.key"), serviceKey),
		ca.issue("apiserver", "kube-apiserver", nil, addresses, hosts),
		ca.issue("apiserver-kubelet-client", "kube-apiserver-kubelet-client", masters, nil, nil),
		ca.issue("admin", "admin", masters, nil, nil),
		ca.issue("controller-manager", "system:kube-controller-manager", nil, nil, nil),
		ca.issue("scheduler", "system:kube-scheduler", nil, nil, nil),
		cp.writeKubeconfig("admin"),
		cp.writeKubeconfig("controller-manager"),
		cp.writeKubeconfig("scheduler"))
}

func (cp *ControlPlane) file(name string) string { return filepath.Join(cp.dir, name) }

func (cp *ControlPlane) writeKubeconfig(name string) error {
	user := fmt.Sprintf("client-certificate: %s\n    client-key: %s", cp.file(name+".crt"), cp.file(name+".key"))
	config := kubeconfig(cp.URL, "certificate-authority: "+cp.CAFile, user)
	return os.WriteFile(cp.file(name+".kubeconfig"), []byte(config), 0o600)
}

// kubeconfig returns a kubeconfig with one cluster and one user; ca and user are lines of YAML.
func kubeconfig(url, ca, user string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
clusters:
- name: test
  cluster:
    server: %s
    %s
users:
- name: test
  user:
    %s
contexts:
- name: test
  context: {cluster: test, user: test}
current-context: test
`, url, ca, user)
}

// describe fills in the processes and how they are started.
func (cp *ControlPlane) describe(ctx context.Context, r *Run) error {
	address := r.Bridge.Addr().String()
	etcdURL, peerURL := "http://"+address+":2379", "http://"+address+":2380"
	programs := []struct {
		process **Process
		name    string
		flags   []string
	}{
		{&cp.Etcd, "etcd", []string{
			"--data-dir=" + cp.file("etcd"), "--name=test", "--unsafe-no-fsync",
			"--listen-client-urls=" + etcdURL, "--advertise-client-urls=" + etcdURL,
			"--listen-peer-urls=" + peerURL, "--initial-advertise-peer-urls=" + peerURL, "--initial-cluster=test=" + peerURL,
		}},
		{&cp.APIServer, "kube-apiserver", cp.apiServerFlags(address, etcdURL)},
		{&cp.ControllerManager, "kube-controller-manager", cp.controllerManagerFlags(address)},
		{&cp.Scheduler, "kube-scheduler", []string{
			"--kubeconfig=" + cp.file("scheduler.kubeconfig"), "--bind-address=" + address, "--leader-elect=false",
			"--authentication-kubeconfig=" + cp.file("scheduler.kubeconfig"),
			"--authorization-kubeconfig=" + cp.file("scheduler.kubeconfig"),
		}},
	}
	group, err := r.cgroup.child("control-plane")
	if err != nil {
		return err
	}
	for _, program := range programs {
		var binary string
		if program.name == "etcd" {
			binary, err = r.assets.etcd(ctx)
		} else {
			binary, err = r.assets.Binary(ctx, program.name, Kubernetes)
		}
		if err != nil {
			return err
		}
		*program.process = &Process{
			Name: program.name,
			Log:  filepath.Join(r.dir, "logs", program.name+".log"),
			argv: group.wrap(append([]string{binary}, program.flags...)...),
		}
	}
	cp.kubectl, err = r.assets.Binary(ctx, "kubectl", Kubernetes)
	return err
}

func (cp *ControlPlane) apiServerFlags(address, etcdURL string) []string {
	return []string{
		"--etcd-servers=" + etcdURL,
		"--bind-address=" + address, "--advertise-address=" + address, "--secure-port=6443",
		"--service-cluster-ip-range=" + serviceNetwork,
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--enable-bootstrap-token-auth",
		"--client-ca-file=" + cp.CAFile,
		"--tls-cert-file=" + cp.file("apiserver.crt"), "--tls-private-key-file=" + cp.file("apiserver.key"),
		"--kubelet-client-certificate=" + cp.file("apiserver-kubelet-client.crt"),
		"--kubelet-client-key=" + cp.file("apiserver-kubelet-client.key"),
		"--kubelet-preferred-address-types=InternalIP",
		"--service-account-issuer=https://kubernetes.default.svc." + ClusterDomain,
		"--service-account-key-file=" + cp.file("service-account.key"),
		"--service-account-signing-key-file=" + cp.file("service-account.key"),
	}
}

func (cp *ControlPlane) controllerManagerFlags(address string) []string {
	config := cp.file("controller-manager.kubeconfig")
	return []string{
		"--kubeconfig=" + config, "--authentication-kubeconfig=" + config, "--authorization-kubeconfig=" + config,
		"--bind-address=" + address, "--leader-elect=false",
		"--controllers=*,bootstrap-signer-controller,token-cleaner-controller",
		"--use-service-account-credentials",
		"--allocate-node-cidrs", "--cluster-cidr=" + podNetwork, "--service-cluster-ip-range=" + serviceNetwork,
		"--cluster-signing-cert-file=" + cp.CAFile, "--cluster-signing-key-file=" + cp.file("ca.key"),
		"--root-ca-file=" + cp.CAFile,
		"--service-account-private-key-file=" + cp.file("service-account.key"),
	}
}

// WaitReady waits until the API server is ready and the controller-manager has made what pods need.
func (cp *ControlPlane) WaitReady(ctx context.Context) error {
	return errors.Join(
		cp.waitFor(ctx, "get", "--raw=/readyz"),
		cp.waitFor(ctx, "get", "serviceaccount", "default"))
}

// waitFor waits until a kubectl command succeeds.
func (cp *ControlPlane) waitFor(ctx context.Context, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		_, err := cp.Kubectl(ctx, args...)
		if err == nil {
			return nil
		}
		for _, p := range []*Process{cp.Etcd, cp.APIServer, cp.ControllerManager, cp.Scheduler} {
			if p.ranAndEnded() {
				return fmt.Errorf("%s has ended; its log says:\n%s", p.Name, tailOf(p.Log))
			}
		}
		if pause(ctx, 250*time.Millisecond) != nil {
			return fmt.Errorf("waiting for the control plane: %w; the API server's log says:\n%s", err, tailOf(cp.APIServer.Log))
		}
	}
}

func tailOf(path string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return lastLines(strings.TrimSpace(string(content)), 20)
}

// StartAPIServer starts an API server that was killed and returns when it is ready.
func (cp *ControlPlane) StartAPIServer(ctx context.Context) error {
	ctx, done, err := cp.run.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := cp.APIServer.start(); err != nil {
		return err
	}
	return cp.WaitReady(ctx)
}

// Kubectl runs kubectl as an administrator and returns its standard output.
func (cp *ControlPlane) Kubectl(ctx context.Context, args ...string) (string, error) {
	return output(ctx, cp.kubectlCommand(args)...)
}

// Apply applies objects, given as YAML.
func (cp *ControlPlane) Apply(ctx context.Context, objects string) error {
	cmd := newCommand(ctx, cp.kubectlCommand([]string{"apply", "-f", "-"})...)
	cmd.Stdin = strings.NewReader(objects)
	_, err := outputOf(ctx, cmd)
	return err
}

func (cp *ControlPlane) kubectlCommand(args []string) []string {
	return append([]string{cp.kubectl, "--kubeconfig=" + cp.Kubeconfig}, args...)
}
