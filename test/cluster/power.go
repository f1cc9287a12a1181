package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// rebootStatus is how systemd-nspawn says that the node asked for a reboot.
const rebootStatus = 133

// bootTimeout bounds a boot when the caller's context does not.
const bootTimeout = 90 * time.Second

// power is the supply of a node: it starts the machine again when that reboots, until it is cut.
type power struct {
	arguments []string // of the command that boots the node
	console   string   // file for what the node writes to its console
	cable     string   // the machine's end of its cable

	mu    sync.Mutex
	on    bool          // reboots are followed by a start
	pid   int           // systemd-nspawn, while it runs
	ended chan struct{} // closed when the node is off
}

// Start switches a node on that is off, and returns when its systemd has started everything.
func (n *Node) Start(ctx context.Context) error {
	ctx, done, err := n.run.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	return n.start(ctx)
}

func (n *Node) start(ctx context.Context) error {
	if err := n.power.switchOn(); err != nil {
		return fmt.Errorf("starting node %s: %w", n.Name, err)
	}
	return n.waitBooted(ctx, "")
}

// Reboot asks the node's systemd for a reboot and returns when it has booted again.
func (n *Node) Reboot(ctx context.Context) error {
	before, err := n.BootID(ctx)
	if err != nil {
		return fmt.Errorf("rebooting node %s: %w", n.Name, err)
	}
	// The command is often killed by the reboot that it asks for; whether that comes, the boot id tells.
	_, asked := n.Output(ctx, "systemctl", "reboot")
	if err := n.waitBooted(ctx, before); err != nil {
		return errors.Join(err, asked)
	}
	return nil
}

// WaitReboot waits until the node has booted after the boot with the given id: for reboots that something in the node asked for.
func (n *Node) WaitReboot(ctx context.Context, before string) error { return n.waitBooted(ctx, before) }

// PowerCut ends the node at once, as when its plug is pulled: nothing in it can react. Start switches it on again.
func (n *Node) PowerCut(ctx context.Context) error {
	if err := n.power.cut(ctx); err != nil {
		return fmt.Errorf("cutting the power of node %s: %w", n.Name, err)
	}
	return nil
}

// forgetReboots makes the next end of the node the last one.
func (n *Node) forgetReboots() {
	n.power.mu.Lock()
	defer n.power.mu.Unlock()
	n.power.on = false
}

// waitBooted waits until systemd in the node has nothing left to start, in a boot that has not the given id.
func (n *Node) waitBooted(ctx context.Context, before string) error {
	ctx, cancel := context.WithTimeout(ctx, bootTimeout)
	defer cancel()
	last := errors.New("its systemd does not answer")
	for {
		id, err := n.BootID(ctx)
		if err == nil && id != before {
			state, err := n.Output(ctx, "systemctl", "is-system-running")
			switch state = strings.TrimSpace(state); state {
			case "running", "degraded": // degraded: a unit failed, which is the test's to judge
				return nil
			default:
				last = fmt.Errorf("its systemd is %q (%w)", state, err)
			}
		}
		if errors.Is(err, errOff) && !n.power.isOn() {
			return fmt.Errorf("node %s went off while booting; its console said:\n%s", n.Name, n.power.consoleTail())
		}
		if pause(ctx, 100*time.Millisecond) != nil {
			return fmt.Errorf("waiting for node %s to boot: %w; its console said:\n%s", n.Name, last, n.power.consoleTail())
		}
	}
}

func (p *power) switchOn() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended != nil {
		return errors.New("it is on already")
	}
	cmd, err := p.boot()
	if err != nil {
		return err
	}
	p.on, p.ended = true, make(chan struct{})
	go p.keep(cmd)
	return nil
}

// boot starts systemd-nspawn. The caller holds mu.
func (p *power) boot() (*exec.Cmd, error) {
	// systemd-nspawn makes the cable. After a kill the old one goes only when the kernel gets to it.
	if err := removeLink(p.cable); err != nil {
		return nil, err
	}
	console, err := os.OpenFile(p.console, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer console.Close() // the child has its own
	cmd := exec.Command(p.arguments[0], p.arguments[1:]...)
	cmd.Stdout, cmd.Stderr = console, console
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // so that Ctrl-C does not reach it
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p.pid = cmd.Process.Pid
	return cmd, nil
}

// keep waits for the end of the node and boots it again when that is a reboot.
func (p *power) keep(cmd *exec.Cmd) {
	for {
		err := cmd.Wait()
		p.mu.Lock()
		p.pid = 0
		var exit *exec.ExitError
		if p.on && errors.As(err, &exit) && exit.ExitCode() == rebootStatus {
			cmd, err = p.boot()
			if err == nil {
				p.mu.Unlock()
				continue
			}
		}
		p.on = false
		close(p.ended)
		p.ended = nil
		p.mu.Unlock()
		return
	}
}

func (p *power) isOn() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended != nil
}

// cut kills the node's first process, and the kernel all others of its PID namespace with it; then systemd-nspawn.
func (p *power) cut(ctx context.Context) error {
	p.mu.Lock()
	p.on = false
	pid, ended := p.pid, p.ended
	p.mu.Unlock()
	if ended == nil {
		return nil
	}
	if init, err := firstProcess(pid); err == nil {
		if err := syscall.Kill(init, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	if err := syscall.Kill(-pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// firstProcess returns the process that is number one in the PID namespace below systemd-nspawn's.
func (p *power) firstProcess() (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return firstProcess(p.pid)
}

func firstProcess(nspawn int) (int, error) {
	if nspawn == 0 {
		return 0, errOff
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", nspawn, nspawn))
	if err != nil {
		return 0, errOff
	}
	for field := range strings.FieldsSeq(string(children)) {
		status, err := os.ReadFile("/proc/" + field + "/status")
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(status)) {
			// A process has one number for each namespace that it is in, the innermost last.
			if ids := strings.Fields(line); len(ids) > 2 && ids[0] == "NSpid:" && ids[len(ids)-1] == "1" {
				return strconv.Atoi(field)
			}
		}
	}
	return 0, errOff
}

func (p *power) consoleTail() string {
	content, err := os.ReadFile(p.console)
	if err != nil {
		return err.Error()
	}
	return lastLines(strings.TrimSpace(string(content)), 20)
}
