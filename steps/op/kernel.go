package op

import (
	"context"
	"fmt"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Sysctl sets a live kernel value.
type Sysctl struct {
	Name string `json:"name"`
	From string `json:"from"`
	To   string `json:"to"`
}

// Key is "sysctl:" and the key.
func (o Sysctl) Key() string { return "sysctl:" + o.Name }

// Impact is None: running processes keep running.
func (o Sysctl) Impact() steps.Impact { return steps.None }

// Diff shows both values.
func (o Sysctl) Diff() steps.Diff { return steps.Diff{Action: "set", From: o.From, To: o.To} }

// Inverse sets the value of now.
func (o Sysctl) Inverse(_ context.Context, v host.View) (steps.Op, error) {
	now, err := v.Sysctl(o.Name)
	if err != nil {
		return nil, err
	}
	return Sysctl{Name: o.Name, From: o.To, To: now}, nil
}

// Do writes the value.
func (o Sysctl) Do(_ context.Context, h host.Host) error { return h.SetSysctl(o.Name, o.To) }

// Module loads or unloads a kernel module.
type Module struct {
	Name   string `json:"name"`
	Loaded bool   `json:"loaded"`
}

// PlanModule returns the op that loads the module, or nil when the kernel has it.
func PlanModule(v host.View, name string) (steps.Op, error) {
	state, err := v.Module(name)
	if err != nil {
		return nil, err
	}
	if state != host.ModuleAbsent {
		return nil, nil
	}
	return Module{Name: name, Loaded: true}, nil
}

// Key is "module:" and the name.
func (o Module) Key() string { return "module:" + o.Name }

// Impact is None.
func (o Module) Impact() steps.Impact { return steps.None }

// Diff says load or unload.
func (o Module) Diff() steps.Diff {
	if o.Loaded {
		return steps.Diff{Action: "load"}
	}
	return steps.Diff{Action: "unload", Notes: []string{"a module in use stays loaded"}}
}

// Inverse unloads what was not loaded before.
func (o Module) Inverse(_ context.Context, v host.View) (steps.Op, error) {
	state, err := v.Module(o.Name)
	if err != nil {
		return nil, err
	}
	return Module{Name: o.Name, Loaded: state != host.ModuleAbsent}, nil
}

// Do runs modprobe.
func (o Module) Do(ctx context.Context, h host.Host) error {
	if o.Loaded {
		return o.load(ctx, h)
	}
	return h.UnloadModule(ctx, o.Name)
}

// load names the kernel when it fails, because a module that "is not found" is
// most often one of another kernel than the one that runs.
func (o Module) load(ctx context.Context, h host.Host) error {
	err := h.LoadModule(ctx, o.Name)
	if err == nil {
		return nil
	}
	kernel, unknown := h.Sysctl("kernel.osrelease")
	if unknown != nil {
		kernel = "of this host"
	}
	return fmt.Errorf("loading module %s into the running kernel %s: %w: correct the name, install the package that has the module for this kernel, "+
		"or reboot if the kernel was upgraded", o.Name, kernel, err)
}

// Swap switches one swap device or file on or off.
type Swap struct {
	Device string `json:"device"`
	On     bool   `json:"on"`
}

// Key is "swap:" and the device.
func (o Swap) Key() string { return "swap:" + o.Device }

// Impact is None: the pages come back into memory.
func (o Swap) Impact() steps.Impact { return steps.None }

// Diff says on or off.
func (o Swap) Diff() steps.Diff {
	if o.On {
		return steps.Diff{Action: "swapon"}
	}
	return steps.Diff{Action: "swapoff"}
}

// Inverse brings the device back to its use of now.
func (o Swap) Inverse(_ context.Context, v host.View) (steps.Op, error) {
	active, err := v.Swaps()
	if err != nil {
		return nil, err
	}
	on := false
	for _, device := range active {
		on = on || device == o.Device
	}
	return Swap{Device: o.Device, On: on}, nil
}

// Do calls swapon or swapoff.
func (o Swap) Do(ctx context.Context, h host.Host) error {
	if o.On {
		return h.SwapOn(ctx, o.Device)
	}
	return h.SwapOff(ctx, o.Device)
}
