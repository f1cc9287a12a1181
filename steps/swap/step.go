package swap

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// Mode is what is wanted of swap.
type Mode string

// The modes. The empty Mode is Unmanaged.
const (
	// Unmanaged leaves swap as it is.
	Unmanaged Mode = "Unmanaged"
	// Disabled switches all swap off.
	Disabled Mode = "Disabled"
	// Limited has one swap file of the wanted size.
	Limited Mode = "Limited"
	// Zram has one compressed device in memory of the wanted size.
	Zram Mode = "Zram"
)

// Spec is the wish.
type Spec struct {
	Mode Mode
	// Size in bytes, of what is swapped out, before compression. For Limited and Zram
	// only, and rounded up to whole blocks of 64 KiB, the largest page of Linux.
	Size int64
}

// block is the unit of sizes.
const block = 64 << 10

// Check reports what is wrong with the Spec itself.
func (s Spec) Check() error {
	switch s.Mode {
	case Unmanaged, Disabled, "":
		return nil
	case Limited, Zram:
		// mkswap(8) takes no less than ten pages, which are 40 KiB on most machines.
		if s.Size < block {
			return fmt.Errorf("swap of %d bytes is too small: want at least %d", s.Size, block)
		}
		return nil
	}
	return fmt.Errorf("swap mode %q is not one of %s, %s, %s, %s", s.Mode, Disabled, Limited, Zram, Unmanaged)
}

// size returns the wanted size for a mode; 0 where it is not the wished one.
func (s Spec) size(mode Mode) int64 {
	if s.Mode != mode {
		return 0
	}
	return (s.Size + block - 1) / block * block
}

// Step switches swap off, or does nothing.
type Step struct{ spec Spec }

// New makes the step for a Spec; what is wrong with the Spec is an error of Plan.
func New(spec Spec) Step { return Step{spec} }

// Name is "swap".
func (s Step) Name() string { return "swap" }

// target is the unit that starts what generators make; see the package comment.
const target = "swap.target"

// services are packaged services that make swap and call swapon themselves, at
// each boot.
var services = []string{
	"dphys-swapfile.service", // Raspberry Pi OS
	"zram-config.service",    // Ubuntu's zram-config
	"zramswap.service",       // Debian's zram-tools
}

// Plan switches the swap of others off before its own is made and switched on.
func (s Step) Plan(ctx context.Context, v host.View) ([]steps.Op, error) {
	if err := s.spec.Check(); err != nil {
		return nil, err
	}
	if s.spec.Mode == Unmanaged || s.spec.Mode == "" {
		return nil, nil
	}
	off, errOff := s.planOff(ctx, v)
	file, errFile := planFile(ctx, v, s.spec.size(Limited))
	zram, errZram := planZram(ctx, v, s.spec.size(Zram))
	return slices.Concat(off, file, zram), errors.Join(errOff, errFile, errZram)
}

// planOff returns what switches off all swap but the wanted one. The live swap is
// the last of it: it is the part that takes time and may fail for want of memory.
func (s Step) planOff(ctx context.Context, v host.View) ([]steps.Op, error) {
	fstab, errFstab := planFstab(v)
	boot, errBoot := planBoot(ctx, v)
	if err := errors.Join(errFstab, errBoot); err != nil {
		return nil, err
	}
	var ops []steps.Op
	if fstab != nil {
		ops = append(ops, fstab)
	}
	ops = append(ops, boot...)
	if !v.Live() {
		return ops, nil
	}
	if len(ops) > 0 {
		// The units of commented lines go, and masks are seen.
		ops = append(ops, op.DaemonReload{})
	}
	active, err := v.Swaps()
	if err != nil {
		return nil, err
	}
	// The last one first: undo goes the other way, and so gives the devices
	// their order back, which is that of their priorities.
	for _, device := range slices.Backward(active) {
		if device != s.own() {
			ops = append(ops, op.Swap{Device: device, On: false})
		}
	}
	return ops, nil
}

// own is the swap that is wanted; empty where none is.
func (s Step) own() string {
	return map[Mode]string{Limited: swapFile, Zram: zramDevice}[s.spec.Mode]
}

// planFstab returns the op that comments swap lines out, or nil.
func planFstab(v host.View) (steps.Op, error) {
	content, err := v.ReadFile(fstabFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	wanted := withoutSwap(content)
	if len(wanted) == len(content) { // nothing is marked; fstab may be a link then
		return nil, nil
	}
	info, err := v.Lstat(fstabFile)
	if err != nil {
		return nil, err
	}
	return op.PlanFile(v, op.FileWish{Path: fstabFile, Content: wanted, Attr: info.Attr()})
}

// planBoot returns the ops that keep systemd from starting swap at boot.
func planBoot(ctx context.Context, v host.View) ([]steps.Op, error) {
	mask, err := op.PlanUnitFile(ctx, v, target, "masked")
	if err != nil {
		return nil, err
	}
	ops := appendOp(nil, mask)
	for _, name := range services {
		unit, err := v.Unit(ctx, name)
		if err != nil {
			return nil, err
		}
		if unit.UnitFileState == "enabled" {
			ops = append(ops, op.UnitFile{Name: name, State: "disabled", From: unit.UnitFileState})
		}
	}
	if !v.Live() {
		return ops, nil // an image has no loaded units to look at
	}
	units, err := v.UnitsLike(ctx, "*.swap")
	if err != nil {
		return nil, err
	}
	for _, unit := range units {
		if unit.Name == fileUnit { // see planFile
			continue
		}
		off, err := planUnit(ctx, v, unit)
		if err != nil {
			return nil, err
		}
		ops = appendOp(ops, off)
	}
	return ops, nil
}

// planUnit masks a swap unit that has a unit file of its own. systemd also has a
// unit for each name of each device in /proc/swaps, without a file, and
// generated ones; neither starts without swap.target.
func planUnit(ctx context.Context, v host.View, unit host.Unit) (steps.Op, error) {
	switch unit.UnitFileState {
	case "", "generated", "transient", "masked", "masked-runtime", "disabled":
		return nil, nil
	}
	// A unit file in /etc is in the place where the mask would be, and systemd
	// does not overwrite it. Without its links nothing starts it.
	info, err := v.Lstat(path.Join("/etc/systemd/system", unit.Name))
	if errors.Is(err, fs.ErrNotExist) {
		return op.PlanUnitFile(ctx, v, unit.Name, "masked")
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode.IsRegular() {
		return op.PlanUnitFile(ctx, v, unit.Name, "masked")
	}
	return op.PlanUnitFile(ctx, v, unit.Name, "disabled")
}

// appendOp appends an op that is not nil.
func appendOp(ops []steps.Op, o steps.Op) []steps.Op {
	if o == nil {
		return ops
	}
	return append(ops, o)
}
