package fleet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/hostler-dev/hostler/test/bed"
	"github.com/hostler-dev/hostler/test/cluster"
)

// GroupFile is where Prepare puts the NodeGroup with which a node joins.
const GroupFile = "/etc/hostler/nodegroup.yaml"

// Node is a machine of the fleet.
type Node struct {
	*cluster.Node
	fleet *Fleet
}

// boot boots a bare machine, with a package mirror and hostler's package.
func (f *Fleet) boot(ctx context.Context, name string) (*Node, error) {
	machine, err := f.run.Node(ctx, cluster.NodeConfig{Name: name})
	if err != nil {
		return nil, err
	}
	n := &Node{Node: machine, fleet: f}
	return n, bed.Mirror(ctx, f.run, machine)
}

// Install installs hostler's package.
func (n *Node) Install(ctx context.Context) error {
	if err := n.CopyIn(ctx, n.fleet.program.deb, "/tmp/hostler.deb"); err != nil {
		return err
	}
	_, err := n.Output(ctx, "dpkg", "-i", "/tmp/hostler.deb")
	return err
}

// Prepare gives the node all that it needs to join: the key of the packages, the cluster's CA, a token, and the NodeGroup.
func (n *Node) Prepare(ctx context.Context, group string) error {
	repository, err := n.fleet.run.Repository(ctx, cluster.RepositoryKubernetes)
	if err != nil {
		return err
	}
	return errors.Join(
		bed.Key(ctx, n.Node, repository),
		bed.Join(ctx, n.fleet.ControlPlane, n.Node),
		n.WriteFile(ctx, GroupFile, group, 0o644))
}

// Settle makes a member of a group of a node that has joined, gives it the images that no registry serves, and starts its agent.
func (n *Node) Settle(ctx context.Context, group string) error {
	return errors.Join(
		n.ImportImages(ctx, n.fleet.assets),
		n.fleet.Move(ctx, group, n),
		n.StartAgent(ctx))
}

// StartAgent starts the agent, now and at every boot.
func (n *Node) StartAgent(ctx context.Context) error {
	_, err := n.Output(ctx, "systemctl", "enable", "--now", "hostler.service")
	return err
}

// join does all of it in silence.
func (n *Node) join(ctx context.Context, name, group string) error {
	if err := n.Install(ctx); err != nil {
		return err
	}
	if err := n.Prepare(ctx, group); err != nil {
		return err
	}
	if _, err := n.Output(ctx, "hostler", "apply", "-f", GroupFile); err != nil {
		return fmt.Errorf("joining node %s: %w", n.Name, err)
	}
	return n.Settle(ctx, name)
}

// Evidence is what a person would look at first when something is wrong with the node.
func (n *Node) Evidence(ctx context.Context) string {
	var text strings.Builder
	for _, script := range []string{
		"hostler history --ops | tail -12",
		"systemctl status --state=failed --full --no-pager",
		"journalctl --boot --unit=hostler --lines=60 --no-pager --output=short-iso-precise",
		"journalctl --boot --unit=kubelet --lines=5 --no-pager --output=short-iso-precise",
	} {
		out, err := n.Shell(ctx, script+" || true")
		fmt.Fprintf(&text, "%s# %s\n%s", n.Name, script, out)
		if err != nil {
			fmt.Fprintln(&text, err)
		}
	}
	return text.String()
}

// tail returns the end of a file of this machine.
func tail(path string, bytes int) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(content[max(0, len(content)-bytes):])
}
