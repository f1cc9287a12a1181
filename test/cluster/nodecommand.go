package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// errOff is that a node has no first process: it is off, or between two boots.
var errOff = errors.New("the node is off")

// commandTimeout bounds a command in a node when the caller's context has no deadline.
const commandTimeout = 5 * time.Minute

// environment is that of a root login on a Debian machine.
var environment = []string{
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "USER=root", "LANG=C.UTF-8", "TERM=dumb",
}

// Output runs a command in the node as root and returns its standard output. An error is a *[CommandError] with what the command
// said, unless the node is off.
func (n *Node) Output(ctx context.Context, argv ...string) (string, error) {
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, commandTimeout)
		defer cancel()
	}
	cmd, err := n.Command(ctx, argv...)
	if err != nil {
		return "", err
	}
	out, err := outputOf(ctx, cmd)
	if failed := (*CommandError)(nil); errors.As(err, &failed) {
		failed.Args = append([]string{n.Name + ":"}, argv...) // not the way into the node
	}
	return out, err
}

// Shell runs a script in the node with sh -e and returns its standard output.
func (n *Node) Shell(ctx context.Context, script string) (string, error) {
	return n.Output(ctx, "sh", "-e", "-c", script)
}

// Command returns a command that will run in the node as root, for callers that need its input, its output as it comes, or its
// process. It is killed with its children when ctx ends. A command that a signal ended has the exit status 128 + its number.
func (n *Node) Command(ctx context.Context, argv ...string) (*exec.Cmd, error) {
	enter, err := n.enter()
	if err != nil {
		return nil, fmt.Errorf("running %s in node %s: %w", argv[0], n.Name, err)
	}
	enter = append(append(enter, "/bin/sh", "-c", waitScript, "sh"), argv...)
	cmd := newCommand(ctx, n.cgroup.v1().wrap(enter...)...)
	cmd.Env = environment
	return cmd, nil
}

// EnterCommand returns the command line by which a person gets a shell in the node.
func (n *Node) EnterCommand() (string, error) {
	enter, err := n.enter()
	if err != nil {
		return "", fmt.Errorf("node %s: %w", n.Name, err)
	}
	return strings.Join(enter, " ") + " /bin/sh -c 'bash --login; exit'", nil
}

// waitScript runs a command as a child, also where the shell would rather become it.
const waitScript = `"$@"; exit $?`

// enter returns the command that runs another in the node's namespaces, as a child in the PID namespace of a parent outside.
//
// nsenter would fork by itself, but its parent stops when its child is stopped. A node that shuts down stops all its processes
// before it ends them, and then waits 90 seconds for the one that a stopped nsenter does not reap.
func (n *Node) enter() ([]string, error) {
	init, err := n.power.firstProcess()
	if err != nil {
		return nil, err
	}
	return []string{
		"nsenter", "--target", strconv.Itoa(init),
		"--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--no-fork", "--",
	}, nil
}

// WriteFile writes a file of the node, and makes the folders that it lacks.
func (n *Node) WriteFile(ctx context.Context, path, content string, mode os.FileMode) error {
	return n.install(ctx, path, mode, func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(content)), nil
	})
}

// CopyIn copies a file of this machine into the node, with its mode.
func (n *Node) CopyIn(ctx context.Context, local, path string) error {
	info, err := os.Stat(local)
	if err != nil {
		return fmt.Errorf("copying into node %s: %w", n.Name, err)
	}
	return n.install(ctx, path, info.Mode().Perm(), func() (io.ReadCloser, error) { return os.Open(local) })
}

func (n *Node) install(ctx context.Context, path string, mode os.FileMode, open func() (io.ReadCloser, error)) error {
	content, err := open()
	if err != nil {
		return fmt.Errorf("writing %s in node %s: %w", path, n.Name, err)
	}
	defer content.Close()
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	cmd, err := n.Command(ctx, "install", "-D", "-m", fmt.Sprintf("%04o", mode), "/dev/stdin", path)
	if err != nil {
		return err
	}
	cmd.Stdin = content
	if _, err := outputOf(ctx, cmd); err != nil {
		return fmt.Errorf("writing %s in node %s: %w", path, n.Name, err)
	}
	return nil
}

// ReadFile returns a file of the node.
func (n *Node) ReadFile(ctx context.Context, path string) (string, error) {
	return n.Output(ctx, "cat", path)
}

// ImportImages puts [PauseImage] and [WebImage] into the node's containerd, which must run.
func (n *Node) ImportImages(ctx context.Context, assets *Assets) error {
	images, err := assets.Images(ctx)
	if err != nil {
		return err
	}
	for _, image := range images {
		path := filepath.Join("/var/tmp", filepath.Base(filepath.Dir(image.Path))+".tar")
		if err := n.CopyIn(ctx, image.Path, path); err != nil {
			return err
		}
		if _, err := n.Output(ctx, "ctr", "--namespace=k8s.io", "images", "import", path); err != nil {
			return fmt.Errorf("importing %s: %w", image.Name, err)
		}
		if _, err := n.Output(ctx, "rm", path); err != nil {
			return err
		}
	}
	return nil
}
