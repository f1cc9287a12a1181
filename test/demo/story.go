package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/hostler-dev/hostler/test/bed"
	"github.com/hostler-dev/hostler/test/cluster"
	"github.com/hostler-dev/hostler/test/fleet"
)

// The actors.
const (
	groupName = "worker"
	canary    = "worker-1"
)

// web is the workload that must not notice: one of three pods may be away.
var web = fleet.Workload{Name: "web", Replicas: 3, MinAvailable: 2}

// soak is how long the canary must stay healthy. Half an hour would be a usual value.
const soak = 10 * time.Second

// story is the run as a newcomer sees it.
type story struct {
	fleet *fleet.Fleet
	began time.Time
	group string // NodeGroup, as YAML
}

// tell goes through the chapters.
func (s *story) tell(ctx context.Context) error {
	for _, chapter := range []func(context.Context) error{s.bareMachine, s.join, s.handOver, s.workload, s.edit, s.end} {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *story) title(what, why string) {
	fmt.Printf("\n\033[1m== %s\033[0m  (%s since the start)\n   %s\n\n", what, time.Since(s.began).Round(time.Second), why)
}

func (s *story) bareMachine(ctx context.Context) (err error) {
	s.title("A bare machine", "Debian 12, as its installer leaves it. Two more like it boot beside it. hostler comes as one package.")
	s.group, err = s.fleet.Group(ctx, groupName, func(spec map[string]any) {
		bed.Child(spec, "update")["waves"] = []any{map[string]any{"name": "canary", "size": 1, "soak": soak.String()}}
	})
	if err != nil {
		return err
	}
	if err := s.fleet.Boot(ctx, canary, "worker-2", "worker-3"); err != nil {
		return err
	}
	node := s.fleet.Node(canary)
	if err := errors.Join(node.Install(ctx), node.Prepare(ctx, s.group)); err != nil {
		return err
	}
	return s.changesPending(s.hostler(ctx, node, "plan", "-f", fleet.GroupFile))
}

// hostler runs hostler in a machine and shows the command and all that it prints.
func (s *story) hostler(ctx context.Context, node *fleet.Node, args ...string) error {
	fmt.Printf("%s# hostler %s\n", node.Name, strings.Join(args, " "))
	cmd, err := node.Command(ctx, append([]string{"hostler"}, args...)...)
	if err != nil {
		return err
	}
	out := &indent{w: os.Stdout}
	cmd.Stdout, cmd.Stderr = out, out
	return cmd.Run()
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
	s.title("It becomes a node", "The other two do the same meanwhile, in silence.")
	quiet := make(chan error, 1)
	go func() {
		quiet <- s.fleet.Join(ctx, groupName, s.group, s.fleet.Node("worker-2"), s.fleet.Node("worker-3"))
	}()
	loud := s.hostler(ctx, s.fleet.Node(canary), "apply", "-f", fleet.GroupFile)
	if err := errors.Join(<-quiet, loud); err != nil {
		return err
	}
	return s.fleet.Node(canary).Settle(ctx, groupName)
}

// handOver gives the cluster the same NodeGroup that the machines had as a file.
func (s *story) handOver(ctx context.Context) error {
	s.title("The cluster takes over", "The same NodeGroup goes into the API. The coordinator renders a revision of it, and the agents find nothing to do.")
	fmt.Println("admin$ kubectl apply -f worker.yaml")
	if err := s.fleet.ControlPlane.Apply(ctx, s.group); err != nil {
		return err
	}
	if _, err := s.fleet.StartCoordinator(ctx); err != nil {
		return err
	}
	if err := s.fleet.WaitUpToDate(ctx, groupName); err != nil {
		return err
	}
	return s.kubectl(ctx, "get", "nodegroups,nodegrouprevisions,managednodes")
}

func (s *story) workload(ctx context.Context) error {
	s.title("A workload", fmt.Sprintf("%d pods, and a PodDisruptionBudget that wants %d of them available at every moment.", web.Replicas, web.MinAvailable))
	if err := s.fleet.StartWorkload(ctx, web); err != nil {
		return err
	}
	return s.kubectl(ctx, "get", "pods,poddisruptionbudgets", "-o", "wide")
}

// kubectl shows a command of the administrator and what it prints.
func (s *story) kubectl(ctx context.Context, args ...string) error {
	fmt.Printf("admin$ kubectl %s\n", strings.Join(args, " "))
	out, err := s.fleet.ControlPlane.Kubectl(ctx, args...)
	fmt.Fprint(&indent{w: os.Stdout}, out)
	return err
}

// edit changes one line of the NodeGroup and shows what becomes of it.
func (s *story) edit(ctx context.Context) error {
	s.title("One line is edited", fmt.Sprintf("Kubernetes %s → %s. One node goes first, and must stay healthy for %s. Never is more than one node away.",
		cluster.OlderKubernetes, cluster.Kubernetes, soak))
	began := time.Now()
	patch := fmt.Sprintf(`{"spec":{"kubernetesVersion":%q}}`, cluster.Kubernetes)
	if err := s.kubectl(ctx, "patch", "nodegroup", groupName, "--type=merge", "--patch", patch); err != nil {
		return err
	}
	p := &page{began: began, nodes: s.fleet.Nodes}
	if err := s.fleet.Wait(ctx, p.turn); err != nil {
		return errors.Join(err, errors.New(s.fleet.Evidence(context.WithoutCancel(ctx), s.fleet.Nodes...)))
	}
	fmt.Println()
	return summary{s.fleet.Recording(began), s.fleet.Nodes}.print()
}

func (s *story) end(ctx context.Context) error {
	s.title("Done", "Every node has the new kubelet, no cordon is left, and the workload never had fewer pods than it wants.")
	if err := s.kubectl(ctx, "get", "nodes,nodegroups"); err != nil {
		return err
	}
	fmt.Print(`
What happened: the coordinator rendered a revision and named it to the nodes. Each agent planned, reported the plan and waited. When
its turn came, it downloaded the packages, the node was cordoned and its pods were evicted as their budget allowed, and only then
the kubelet was replaced. Had the canary not become healthy, it would have been rolled back, and the others left alone.

  make cluster   leaves a cluster with bare machines up, for you to play with
  make test      runs the tests, with all the bad luck that a rollout can have
  README.md      goes on from here
`)
	return nil
}
