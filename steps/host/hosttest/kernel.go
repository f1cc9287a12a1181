package hosttest

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/hostler-dev/hostler/steps/host"
)

// sysctl is a key of the running kernel.
type sysctl struct {
	// value is as the kernel prints it. A vector of numbers has tabs.
	value    string
	numbers  int // how many numbers the key holds; 0: it is text
	readOnly bool
}

// module is a kernel module that the host has, loaded or not.
type module struct {
	kind  ModuleKind
	inUse bool
	// sysctls come with the module and start afresh each time it is loaded.
	sysctls map[string]sysctl
}

// ModuleKind is how a host has a module.
type ModuleKind int

// The kinds of modules. A module that was never named is unknown: modprobe
// does not find it.
const (
	Loadable ModuleKind = iota
	Loaded
	Builtin
)

// Sysctl adds a key with its value. A value of numbers only is a vector: it is
// printed with tabs and accepts numbers only. Inside Module the key belongs to
// the module. It also changes the value of a key that exists.
func Sysctl(key, value string) Option { return sysctlOption(key, value, false) }

// ReadOnlySysctl adds a key that cannot be written.
func ReadOnlySysctl(key, value string) Option { return sysctlOption(key, value, true) }

func sysctlOption(key, value string, readOnly bool) Option {
	return func(f *Fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		p, err := host.SysctlPath(key)
		if err != nil {
			return
		}
		entry := sysctl{value: value, readOnly: readOnly}
		if formatted, n, err := formatNumbers(value); err == nil {
			entry.value, entry.numbers = formatted, n
		}
		f.sysctls[p] = entry
	}
}

// NoSysctl takes a key out of the kernel.
func NoSysctl(key string) Option {
	return func(f *Fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if p, err := host.SysctlPath(key); err == nil {
			delete(f.sysctls, p)
		}
	}
}

// Module adds a kernel module. The sysctls among the options exist while the
// module is loaded or built in.
func Module(name string, kind ModuleKind, sysctls ...Option) Option {
	return func(f *Fake) {
		own := &Fake{sysctls: map[string]sysctl{}}
		own.Change(sysctls...)
		f.mu.Lock()
		defer f.mu.Unlock()
		f.modules[host.ModuleName(name)] = module{kind: kind, sysctls: own.sysctls}
		if kind != Loadable {
			maps.Copy(f.sysctls, own.sysctls)
		}
	}
}

// ModuleInUse makes a module stay when it is to be unloaded.
func ModuleInUse(name string) Option {
	return func(f *Fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		m := f.modules[host.ModuleName(name)]
		m.inUse = true
		f.modules[host.ModuleName(name)] = m
	}
}

// Swap puts a swap device or file in use.
func Swap(device string) Option {
	return func(f *Fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.swaps = append(f.swaps, device)
	}
}

// formatNumbers prints numbers as the kernel does (proc_dointvec): decimal,
// with tabs between. Numbers may be written in decimal, octal or hexadecimal.
func formatNumbers(value string) (string, int, error) {
	fields := strings.Fields(value)
	if len(fields) == 0 {
		return "", 0, syscall.EINVAL
	}
	for i, field := range fields {
		n, err := strconv.ParseInt(field, 0, 64)
		if err != nil {
			return "", 0, syscall.EINVAL
		}
		fields[i] = strconv.FormatInt(n, 10)
	}
	return strings.Join(fields, "\t"), len(fields), nil
}

// Live implements host.Kernel.
func (f *Fake) Live() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.image
}

// live fails with ErrNotLive for an image. The caller holds mu.
func (f *Fake) live(act string) error {
	if f.image {
		return fmt.Errorf("%s: %w", act, host.ErrNotLive)
	}
	return nil
}

// Sysctl implements host.Kernel.
func (f *Fake) Sysctl(key string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, entry, err := f.findSysctl("reading", key)
	return entry.value, err
}

func (f *Fake) findSysctl(act, key string) (string, sysctl, error) {
	if err := f.live(act + " sysctl " + strconv.Quote(key)); err != nil {
		return "", sysctl{}, err
	}
	p, err := host.SysctlPath(key)
	if err != nil {
		return "", sysctl{}, err
	}
	entry, ok := f.sysctls[p]
	if !ok {
		return "", sysctl{}, fmt.Errorf("%s sysctl %q: %w", act, key, host.ErrNoSysctl)
	}
	return p, entry, nil
}

// SetSysctl implements host.KernelWriter.
func (f *Fake) SetSysctl(key, value string) error {
	return f.change("SetSysctl", key, func() error {
		p, entry, err := f.findSysctl("writing", key)
		if err != nil {
			return err
		}
		if entry.readOnly {
			return fmt.Errorf("writing sysctl %q: the kernel lets nobody change it: %w", key, fs.ErrPermission)
		}
		if entry.value, err = entry.accept(value); err != nil {
			return fmt.Errorf("writing %q to sysctl %q: the kernel refuses the value: %w", value, key, err)
		}
		f.sysctls[p] = entry
		return nil
	})
}

// accept returns what the key reads after the value was written to it.
func (s sysctl) accept(value string) (string, error) {
	if s.numbers == 0 {
		text, _, _ := strings.Cut(value, "\n")
		return text, nil
	}
	formatted, n, err := formatNumbers(value)
	if err != nil || n > s.numbers {
		return "", syscall.EINVAL
	}
	// A vector that is written in part keeps its other numbers.
	rest := strings.Split(s.value, "\t")[n:]
	return strings.Join(append([]string{formatted}, rest...), "\t"), nil
}

// Module implements host.Kernel.
func (f *Fake) Module(name string) (host.ModuleState, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.live("looking for module " + strconv.Quote(name)); err != nil {
		return host.ModuleAbsent, err
	}
	m, ok := f.modules[host.ModuleName(name)]
	switch {
	case ok && m.kind == Loaded:
		return host.ModuleLoaded, nil
	case ok && m.kind == Builtin:
		return host.ModuleBuiltin, nil
	}
	return host.ModuleAbsent, nil
}

// LoadModule implements host.KernelWriter.
func (f *Fake) LoadModule(_ context.Context, name string) error {
	return f.change("LoadModule", name, func() error {
		if err := f.live("loading module " + strconv.Quote(name)); err != nil {
			return err
		}
		m, ok := f.modules[host.ModuleName(name)]
		if !ok {
			return &host.CommandError{
				Command:  host.Command{Argv: []string{"modprobe", "--", name}},
				ExitCode: 1,
				Stderr:   "modprobe: FATAL: Module " + name + " not found in directory /lib/modules/6.1.0-fake",
			}
		}
		if m.kind == Loadable {
			m.kind = Loaded
			f.modules[host.ModuleName(name)] = m
			maps.Copy(f.sysctls, m.sysctls)
		}
		return nil
	})
}

// UnloadModule implements host.KernelWriter.
func (f *Fake) UnloadModule(_ context.Context, name string) error {
	return f.change("UnloadModule", name, func() error {
		if err := f.live("unloading module " + strconv.Quote(name)); err != nil {
			return err
		}
		m, ok := f.modules[host.ModuleName(name)]
		if ok && m.kind == Loaded && !m.inUse {
			m.kind = Loadable
			f.modules[host.ModuleName(name)] = m
			maps.DeleteFunc(f.sysctls, func(key string, _ sysctl) bool { _, own := m.sysctls[key]; return own })
		}
		return nil
	})
}

// Swaps implements host.Kernel.
func (f *Fake) Swaps() ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.swaps), f.live("listing swap")
}

// SwapOff implements host.KernelWriter.
func (f *Fake) SwapOff(_ context.Context, device string) error {
	return f.change("SwapOff", device, func() error {
		if err := f.live("switching swap off on " + strconv.Quote(device)); err != nil {
			return err
		}
		f.swaps = slices.DeleteFunc(f.swaps, func(s string) bool { return s == device })
		return nil
	})
}

// SwapOn implements host.KernelWriter.
func (f *Fake) SwapOn(_ context.Context, device string) error {
	return f.change("SwapOn", device, func() error {
		if err := f.live("switching swap on on " + strconv.Quote(device)); err != nil {
			return err
		}
		if !slices.Contains(f.swaps, device) {
			f.swaps = append(f.swaps, device)
		}
		return nil
	})
}

// BootID implements host.Kernel.
func (f *Fake) BootID() (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.bootID, f.live("reading the boot id")
}

// ClockUnsynchronised lets the clock run free, as it does before a daemon has
// reached its servers.
func ClockUnsynchronised() Option {
	return func(f *Fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.unsynced = true
	}
}

// ClockSynchronised implements host.Kernel.
func (f *Fake) ClockSynchronised() (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.live("asking for the state of the clock"); err != nil {
		return false, err
	}
	return !f.unsynced, nil
}
