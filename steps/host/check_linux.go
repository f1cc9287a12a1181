package host

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// checkScript is where a check finds itself: in its private /tmp, the only place
// that can be written to, and hence the only one where it can be put.
const checkScript = "/tmp/hostler-check"

// Check implements Scripts. The script gets a mount namespace in which nothing but
// its /tmp can be written to. What it prints is thrown away: it may hold secrets.
func (h *OS) Check(ctx context.Context, script Script) (CheckResult, error) {
	const act = "running a check"
	if err := h.live(act); err != nil {
		return CheckResult{}, err
	}
	interpreter, err := Interpreter(script.Content)
	if err != nil {
		return CheckResult{}, fmt.Errorf("%s: %w", act, err)
	}
	timeout := timeoutOf(Command{Timeout: script.Timeout})
	onOwnThread(func() {
		if err = h.readOnlyWorld(script.Content); err != nil {
			return
		}
		err = runGroup(ctx, h.checkCommand(interpreter, script.NodeName), timeout, h.grace)
	})
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return CheckResult{ExitCode: shellCode(exit)}, nil
	}
	if err != nil {
		return CheckResult{}, fmt.Errorf("%s with %s: %w", act, interpreter[0], err)
	}
	return CheckResult{}, nil
}

// checkCommand has nothing of Command's: neither its environment nor its output.
func (h *OS) checkCommand(interpreter []string, nodeName string) *exec.Cmd {
	cmd := &exec.Cmd{
		Path: interpreter[0],
		Args: append(interpreter[:len(interpreter):len(interpreter)], checkScript),
		Env: []string{
			"PATH=" + strings.Join(standardPath, ":"), "HOME=/root", "LANG=C.UTF-8", "HOSTLER_NODE_NAME=" + nodeName,
		},
		Dir:         "/",
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true},
	}
	if h.rootPath != "/" {
		cmd.SysProcAttr.Chroot = h.rootPath
	}
	return cmd
}

func shellCode(exit *exec.ExitError) int {
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return exit.ExitCode()
}

// onOwnThread runs f on a thread that ends with it: what f does to the thread, such
// as taking it out of the mount namespace, meets nobody else. The first thread of
// the process is spared, because it does not end, and others look at the process
// through it (/proc/PID/mounts).
func onOwnThread(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked, so that the thread ends with the goroutine
		if unix.Gettid() != unix.Getpid() {
			f()
			return
		}
		onOwnThread(f) // this goroutine keeps the first thread busy meanwhile
		runtime.UnlockOSThread()
	}()
	<-done
}

// readOnlyWorld takes the calling thread, and what it starts, into a mount namespace
// of its own: every mount read-only, and an empty /tmp that holds the script alone.
//
// It is no jail. Root may still signal processes, write to block devices and talk to
// services through their sockets; what it keeps out is what checks write by
// mistake: caches, lock files, a check that is an apply.
func (h *OS) readOnlyWorld(script string) error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return explain("making a read-only view of", h.rootPath, err)
	}
	// Or what follows would reach the host by way of shared mounts.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return explain("keeping mounts private below", "/", err)
	}
	if err := h.protect(); err != nil {
		return explain("making mounts read-only below", "/", err)
	}
	// The root's descriptor leads into the old namespace, where all is writable.
	root, err := unix.Open(h.rootPath, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return explain("opening", h.rootPath, err)
	}
	defer func() { _ = unix.Close(root) }()
	if err := h.privateTmp(root, script); err != nil {
		return explain("making a private", path.Dir(checkScript), err)
	}
	return nil
}

// privateTmp mounts an empty /tmp and puts the script there.
func (h *OS) privateTmp(root int, script string) error {
	under, err := h.open(root, path.Dir(checkScript), unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(under) }()
	if err := unix.Mount("tmpfs", threadPath(under), "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=1777,size=64m"); err != nil {
		return err
	}
	tmp, err := h.open(root, path.Dir(checkScript), unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(tmp) }()
	file, err := unix.Openat(tmp, path.Base(checkScript), unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o700)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(file) }()
	for rest := []byte(script); len(rest) > 0; {
		n, err := unix.Write(file, rest)
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// threadPath is procPath for a thread that is in another mount namespace than the
// process.
func threadPath(fd int) string { return fmt.Sprintf("/proc/thread-self/fd/%d", fd) }
