package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/hostler-dev/hostler/test/bed"
	"github.com/hostler-dev/hostler/test/cluster"
)

// story is the run as a newcomer sees it.
type story struct {
	run    *cluster.Run
	assets *cluster.Assets
	began  time.Time

	node         *cluster.Node
	controlPlane *cluster.ControlPlane
	example      []byte
}

// tell goes through the chapters. The control plane is built and started while
// the operating system part is shown.
func (s *story) tell(ctx context.Context) (err error) {
	s.began = time.Now()
	if s.example, err = os.ReadFile("examples/worker.yaml"); err != nil {
		return err
	}
	started := make(chan error, 1)
	go func() {
		var err error
		s.controlPlane, err = s.run.ControlPlane(ctx)
		started <- err
	}()
	for _, chapter := range []func(context.Context) error{s.bareMachine, s.install, s.operatingSystem} {
		if err := chapter(ctx); err != nil {
			<-started
			return err
		}
	}
	s.title("A control plane to join", "etcd, kube-apiserver, controller-manager and scheduler "+cluster.Kubernetes+", started meanwhile.")
	if err := <-started; err != nil {
		return err
	}
	for _, chapter := range []func(context.Context) error{s.join, s.pod, s.verify} {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	s.end()
	return nil
}

func (s *story) title(what, why string) {
	fmt.Printf("\n\033[1m== %s\033[0m  (%s since the start)\n   %s\n\n", what, time.Since(s.began).Round(time.Second), why)
}

// hostler runs hostler in the machine and shows the command and all that it prints.
func (s *story) hostler(ctx context.Context, args ...string) error {
	fmt.Printf("worker-1# hostler %s\n", strings.Join(args, " "))
	cmd, err := s.node.Command(ctx, append([]string{"hostler"}, args...)...)
	if err != nil {
		return err
	}
	out := &indent{w: os.Stdout}
	cmd.Stdout, cmd.Stderr = out, out
	return cmd.Run()
}

func (s *story) bareMachine(ctx context.Context) (err error) {
	s.title("A bare machine", "Debian 12, as its installer leaves it: no container runtime, no Kubernetes.")
	if s.node, err = s.run.Node(ctx, cluster.NodeConfig{Name: "worker-1"}); err != nil {
		return err
	}
	return bed.Mirror(ctx, s.run, s.node)
}

func (s *story) install(ctx context.Context) error {
	s.title("hostler comes as one package", "One static binary in a deb, built by nfpm.")
	deb, err := buildPackage(ctx)
	if err != nil {
		return err
	}
	if err := s.node.CopyIn(ctx, deb, "/tmp/hostler.deb"); err != nil {
		return err
	}
	fmt.Println("worker-1# dpkg -i hostler.deb")
	if _, err := s.node.Output(ctx, "dpkg", "-i", "/tmp/hostler.deb"); err != nil {
		return err
	}
	return s.hostler(ctx, "facts")
}

// buildPackage makes the deb for this machine and returns its path.
func buildPackage(ctx context.Context) (string, error) {
	dist, err := os.MkdirTemp("", "hostler-demo-")
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "make", "--no-print-directory", "deb", "DIST="+dist)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the package: %w\n%s", err, out)
	}
	debs, err := filepath.Glob(filepath.Join(dist, "*.deb"))
	if err != nil || len(debs) != 1 {
		return "", errors.Join(fmt.Errorf("got packages %q, want one", debs), err)
	}
	return debs[0], nil
}

// nodeGroup writes the example NodeGroup, fitted to this cluster, to the machine.
func (s *story) nodeGroup(ctx context.Context, edits ...bed.Edit) error {
	repository, err := s.run.Repository(ctx, cluster.RepositoryKubernetes)
	if err != nil {
		return err
	}
	group, err := bed.Fit(s.example, repository, edits...)
	if err != nil {
		return err
	}
	if err := bed.Key(ctx, s.node, repository); err != nil {
		return err
	}
	return s.node.WriteFile(ctx, "/root/worker.yaml", group, 0o644)
}

// withoutKubernetes leaves the operating system and the container runtime.
func withoutKubernetes(spec map[string]any) {
	for _, field := range []string{"kubernetesVersion", "kubelet", "network", "nodeTemplate"} {
		delete(spec, field)
	}
	delete(bed.Child(spec, "packages"), "repositories")
}

func (s *story) operatingSystem(ctx context.Context) error {
	s.title("The operating system part", "examples/worker.yaml without Kubernetes, which may still be built: first the plan, then the apply.")
	group, err := bed.Fit(s.example, cluster.Repository{}, withoutKubernetes)
	if err != nil {
		return err
	}
	if err := s.node.WriteFile(ctx, "/root/worker.yaml", group, 0o644); err != nil {
		return err
	}
	if err := s.changesPending(s.hostler(ctx, "plan", "-f", "/root/worker.yaml")); err != nil {
		return err
	}
	fmt.Println()
	return s.hostler(ctx, "apply", "-f", "/root/worker.yaml")
}

// changesPending takes exit code 3 of plan for what it is: something to do.
func (s *story) changesPending(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 3 {
		return nil
	}
	if err == nil {
		return errors.New("hostler plan found nothing to do on a bare machine")
	}
	return err
}

func (s *story) join(ctx context.Context) error {
	s.title("The whole NodeGroup", "The same file with kubernetesVersion: "+cluster.Kubernetes+". The plan is what is still missing.")
	if err := s.nodeGroup(ctx); err != nil {
		return err
	}
	if err := bed.Join(ctx, s.controlPlane, s.node); err != nil {
		return err
	}
	if err := s.changesPending(s.hostler(ctx, "plan", "-f", "/root/worker.yaml")); err != nil {
		return err
	}
	fmt.Println()
	if err := s.hostler(ctx, "apply", "-f", "/root/worker.yaml"); err != nil {
		return err
	}
	fmt.Println("\nadmin$ kubectl get nodes")
	return s.kubectl(ctx, "get", "nodes", "-o", "wide")
}

func (s *story) kubectl(ctx context.Context, args ...string) error {
	out, err := s.controlPlane.Kubectl(ctx, args...)
	fmt.Fprint(&indent{w: os.Stdout}, out)
	return err
}

const podManifest = `
apiVersion: v1
kind: Pod
metadata: {name: hello}
spec:
  tolerations: [{operator: Exists}]
  containers: [{name: web, image: "` + cluster.WebImage + `", imagePullPolicy: Never}]
`

func (s *story) pod(ctx context.Context) error {
	s.title("A pod runs on it", "The image is imported, because no registry is reachable from here.")
	if err := s.node.ImportImages(ctx, s.assets); err != nil {
		return err
	}
	if err := s.controlPlane.Apply(ctx, podManifest); err != nil {
		return err
	}
	if _, err := s.controlPlane.Kubectl(ctx, "wait", "pod/hello", "--for=condition=Ready", "--timeout=90s"); err != nil {
		return err
	}
	fmt.Println("admin$ kubectl get pods")
	return s.kubectl(ctx, "get", "pods", "-o", "wide")
}

func (s *story) verify(ctx context.Context) error {
	s.title("It stays so", "verify plans again and finds nothing; a second apply changes nothing.")
	if err := s.hostler(ctx, "verify", "-f", "/root/worker.yaml"); err != nil {
		return err
	}
	fmt.Println()
	if err := s.hostler(ctx, "apply", "-f", "/root/worker.yaml"); err != nil {
		return err
	}
	fmt.Println()
	return s.hostler(ctx, "history")
}

func (s *story) end() {
	s.title("Done", "A bare machine became a Ready node that runs a pod, and verify agrees.")
	fmt.Print(`What happened: hostler read a NodeGroup, showed what was missing, wrote down the way back before each
edit, made the edits, and waited until containerd, kubelet and the API server said that all is well. Had
anything failed, it would have taken everything back.

  make cluster   leaves such a cluster with bare machines up, for you to play with
  make test      runs the tests, many of them on machines like this one
  README.md      goes on from here
`)
}
