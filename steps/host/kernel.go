package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Sysctl implements Kernel.
func (h *OS) Sysctl(key string) (string, error) {
	p, err := h.sysctlFile("reading", key)
	if err != nil {
		return "", err
	}
	value, err := h.ReadFile(p)
	if absent(err) {
		return "", fmt.Errorf("reading sysctl %q: %w", key, ErrNoSysctl)
	}
	if err != nil {
		return "", fmt.Errorf("reading sysctl %q: %w", key, err)
	}
	return strings.TrimSuffix(string(value), "\n"), nil
}

func (h *OS) sysctlFile(act, key string) (string, error) {
	if err := h.live(act + " sysctl " + strconv.Quote(key)); err != nil {
		return "", err
	}
	p, err := SysctlPath(key)
	return path.Join("/proc/sys", p), err
}

// absent also covers a path below something that is no folder, and one that is
// a folder: "net.ipv4" is no key.
func absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, ErrNotRegular)
}

// SetSysctl implements KernelWriter.
func (h *OS) SetSysctl(key, value string) error {
	p, err := h.sysctlFile("writing", key)
	if err != nil {
		return err
	}
	if info, err := h.Stat(p); absent(err) || err == nil && !info.Mode.IsRegular() {
		return fmt.Errorf("writing sysctl %q: %w", key, ErrNoSysctl)
	}
	fd, err := h.openPath("writing sysctl", p, unix.O_WRONLY)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	// The kernel takes a value from one write only.
	_, err = unix.Write(fd, []byte(value+"\n"))
	if errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("writing %q to sysctl %q: the kernel refuses the value: %w", value, key, err)
	}
	if err != nil {
		return explain("writing sysctl", p, err)
	}
	return nil
}

// LoadModule implements KernelWriter. What is loaded or built in needs no modprobe.
func (h *OS) LoadModule(ctx context.Context, name string) error {
	if state, err := h.Module(name); err != nil || state != ModuleAbsent {
		return err
	}
	_, err := h.Run(ctx, Command{Argv: []string{"modprobe", "--", name}})
	return err
}

// UnloadModule implements KernelWriter.
func (h *OS) UnloadModule(ctx context.Context, name string) error {
	if state, err := h.Module(name); err != nil || state != ModuleLoaded {
		return err
	}
	if inUse, err := h.moduleInUse(name); err != nil || inUse {
		return err
	}
	_, err := h.Run(ctx, Command{Argv: []string{"modprobe", "-r", "--", name}})
	if err == nil {
		return nil
	}
	// Somebody may have begun to use it meanwhile.
	if inUse, look := h.moduleInUse(name); look == nil && inUse {
		return nil
	}
	return err
}

func (h *OS) moduleInUse(name string) (bool, error) {
	count, err := h.ReadFile(path.Join("/sys/module", ModuleName(name), "refcnt"))
	if errors.Is(err, fs.ErrNotExist) { // gone meanwhile
		return false, nil
	}
	return strings.TrimSpace(string(count)) != "0", err
}

// swapTimeout is for moving a lot of memory back from a slow disk.
const swapTimeout = 15 * time.Minute

// SwapOff implements KernelWriter. It is a command, since the system call
// cannot be cut short by a deadline.
func (h *OS) SwapOff(ctx context.Context, device string) error {
	if swaps, err := h.Swaps(); err != nil || !slices.Contains(swaps, device) {
		return err
	}
	_, err := h.Run(ctx, Command{Argv: []string{"swapoff", "--", device}, Timeout: swapTimeout})
	return err
}

// SwapOn implements KernelWriter.
func (h *OS) SwapOn(ctx context.Context, device string) error {
	if swaps, err := h.Swaps(); err != nil || slices.Contains(swaps, device) {
		return err
	}
	_, err := h.Run(ctx, Command{Argv: []string{"swapon", "--", device}})
	return err
}

// Swaps implements Kernel.
func (h *OS) Swaps() ([]string, error) {
	if err := h.live("listing swap"); err != nil {
		return nil, err
	}
	table, err := h.ReadFile("/proc/swaps")
	if errors.Is(err, fs.ErrNotExist) { // a kernel without swap
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing swap: %w", err)
	}
	return parseSwaps(string(table)), nil
}

// parseSwaps reads the first column of /proc/swaps, in which the kernel writes
// blanks and the like as octal (\040).
func parseSwaps(table string) []string {
	var devices []string
	for i, line := range strings.Split(strings.TrimSpace(table), "\n") {
		fields := strings.Fields(line)
		if i == 0 || len(fields) == 0 { // the heading
			continue
		}
		device, err := strconv.Unquote(`"` + strings.ReplaceAll(fields[0], `"`, `\"`) + `"`)
		if err != nil {
			device = fields[0]
		}
		devices = append(devices, device)
	}
	return devices
}

// BootID implements Kernel.
func (h *OS) BootID() (string, error) {
	if err := h.live("reading the boot id"); err != nil {
		return "", err
	}
	id, err := h.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(id)), err
}
