package fleet

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/test/cluster"
)

// waitTimeout bounds Wait when the caller's context does not.
const waitTimeout = 2 * time.Minute

// Fleet is a cluster that hostler keeps.
type Fleet struct {
	ControlPlane *cluster.ControlPlane
	// API is an administrator's client.
	API   client.WithWatch
	Nodes []*Node

	run               *cluster.Run
	assets            *cluster.Assets
	checkout          string
	program           program
	observer          *observer
	coordinators      int
	coordinatorConfig string
}

// New starts a control plane and makes of it one that hostler can work with. It has no node yet and no coordinator.
// The fleet ends with its run.
func New(ctx context.Context, run *cluster.Run, assets *cluster.Assets, checkout string) (*Fleet, error) {
	f := &Fleet{run: run, assets: assets, checkout: checkout}
	err := sideBySide(
		func() (err error) {
			f.program, err = buildProgram(ctx, checkout, filepath.Join(run.Dir(), "hostler"))
			return err
		},
		func() error { return f.startControlPlane(ctx) })
	return f, err
}

func (f *Fleet) startControlPlane(ctx context.Context) (err error) {
	if f.ControlPlane, err = f.run.ControlPlane(ctx); err != nil {
		return err
	}
	for _, folder := range []string{"crds", "rbac", "admission"} {
		if _, err := f.ControlPlane.Kubectl(ctx, "apply", "--server-side", "--filename", filepath.Join(f.checkout, "packaging", folder)); err != nil {
			return fmt.Errorf("installing packaging/%s: %w", folder, err)
		}
	}
	if _, err := f.ControlPlane.Kubectl(ctx, "wait", "crd", "--all", "--for=condition=Established", "--timeout=30s"); err != nil {
		return err
	}
	if f.API, err = newClient(f.ControlPlane.Kubeconfig); err != nil {
		return err
	}
	if f.coordinatorConfig, err = f.coordinatorKubeconfig(ctx); err != nil {
		return err
	}
	f.observer, err = observe(context.WithoutCancel(ctx), f.API)
	return err
}

func newClient(kubeconfig string) (client.WithWatch, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1 // the client is one of many, and the others are what is tested
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	return client.NewWithWatch(config, client.Options{Scheme: scheme})
}

// Boot boots bare machines side by side. Node.Install, Prepare and Settle make nodes of them.
func (f *Fleet) Boot(ctx context.Context, names ...string) error {
	nodes := make([]*Node, len(names))
	var work []func() error
	for i, name := range names {
		work = append(work, func() (err error) {
			nodes[i], err = f.boot(ctx, name)
			return err
		})
	}
	err := sideBySide(work...)
	f.Nodes = append(f.Nodes, nodes...)
	return err
}

// Join makes nodes of bare machines, side by side: members of a group, given as YAML.
func (f *Fleet) Join(ctx context.Context, name, group string, nodes ...*Node) error {
	var work []func() error
	for _, node := range nodes {
		work = append(work, func() error { return node.join(ctx, name, group) })
	}
	return sideBySide(work...)
}

// Grow boots machines and makes nodes of them, side by side. They belong to no group yet.
func (f *Fleet) Grow(ctx context.Context, names ...string) ([]*Node, error) {
	group, err := f.Group(ctx, "worker")
	if err != nil {
		return nil, err
	}
	if err := f.Boot(ctx, names...); err != nil {
		return nil, err
	}
	grown := f.Nodes[len(f.Nodes)-len(names):]
	return grown, f.Join(ctx, "", group, grown...)
}

// Node returns the node of a name.
func (f *Fleet) Node(name string) *Node {
	for _, node := range f.Nodes {
		if node.Name == name {
			return node
		}
	}
	return nil
}

// Wait returns when missing has nothing to say of the world. Its last word is in the error when that takes too long.
func (f *Fleet) Wait(ctx context.Context, missing func(*World) error) error {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, waitTimeout)
		defer cancel()
	}
	return f.observer.wait(ctx, missing)
}

// Look shows the world as it is now.
func (f *Fleet) Look(at func(*World)) { f.observer.look(at) }

// Recording returns the samples from a moment on.
func (f *Fleet) Recording(since time.Time) Recording {
	f.observer.mu.Lock()
	defer f.observer.mu.Unlock()
	return f.observer.samples.Since(since)
}

// exitWaits is what `hostler explain` ends with when the node waits.
const exitWaits = 4

// Explain runs `hostler explain` for a node and returns what it prints.
func (f *Fleet) Explain(ctx context.Context, node string) (string, error) {
	text, err := command(ctx, f.checkout, f.program.binary, "explain", node, "--kubeconfig="+f.ControlPlane.Kubeconfig)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == exitWaits {
		err = nil
	}
	return text, err
}

// Evidence is what a person would look at first when something is wrong with nodes of the fleet.
func (f *Fleet) Evidence(ctx context.Context, nodes ...*Node) string {
	var text strings.Builder
	for _, args := range [][]string{
		{"get", "nodegroups,managednodes,nodes", "-o=wide"},
		{"get", "pods", "-o=wide"},
	} {
		out, err := f.ControlPlane.Kubectl(ctx, args...)
		fmt.Fprintf(&text, "$ kubectl %s\n%s", strings.Join(args, " "), out)
		if err != nil {
			fmt.Fprintln(&text, err)
		}
	}
	f.Look(func(w *World) { text.WriteString(w.story()) })
	for _, node := range nodes {
		explained, err := f.Explain(ctx, node.Name)
		fmt.Fprintf(&text, "$ hostler explain %s\n%s", node.Name, explained)
		if err != nil {
			fmt.Fprintln(&text, err)
		}
		text.WriteString(node.Evidence(ctx))
	}
	for i := range f.coordinators {
		log := filepath.Join(f.run.Dir(), "logs", fmt.Sprintf("coordinator-%d.log", i+1))
		fmt.Fprintf(&text, "%s:\n%s\n", filepath.Base(log), tail(log, 6000))
	}
	return text.String()
}

// sideBySide runs functions at the same time and returns all their errors.
func sideBySide(work ...func() error) error {
	errs := make([]error, len(work))
	var group sync.WaitGroup
	for i, do := range work {
		group.Go(func() { errs[i] = do() })
	}
	group.Wait()
	return errors.Join(errs...)
}
