package swap

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

const (
	// swapFile is in a folder of its own, so that on btrfs it can be kept out of
	// snapshots, which keep a swap file from being used.
	swapFile = "/var/swap/hostler"
	// fileUnit has the name that systemd wants for that path.
	fileUnit     = "var-swap-hostler.swap"
	fileUnitPath = "/etc/systemd/system/" + fileUnit
	field        = "operatingSystem.swap"
)

// fileUnitBody switches the file on at each boot. In an image there is no file yet.
const fileUnitBody = `[Unit]
Description=Swap file of hostler
ConditionPathExists=` + swapFile + `

[Swap]
What=` + swapFile + `

[Install]
WantedBy=multi-user.target
`

// planFile returns what makes the swap file so; of size 0, what takes it away. The unit
// file comes before the file: it tells that the file is hostler's.
func planFile(ctx context.Context, v host.View, size int64) ([]steps.Op, error) {
	there, err := fileSize(v)
	if err != nil {
		return nil, err
	}
	ours, err := isRegular(v, fileUnitPath)
	if err != nil {
		return nil, err
	}
	switch {
	case size == 0 && !ours:
		return nil, nil
	case size == 0:
		return planUnmake(ctx, v, fileUnit, File{From: there})
	case there > 0 && !ours:
		return nil, fmt.Errorf("%s is there and hostler did not make it: switch it off and move it away", swapFile)
	}
	ops, err := planUnitOn(ctx, v, fileUnit, fileUnitBody)
	if err != nil || !v.Live() {
		return ops, err
	}
	active, err := v.Swaps()
	if err != nil {
		return nil, err
	}
	on := slices.Contains(active, swapFile)
	switch {
	case there == size && on:
		return ops, nil
	case on:
		ops = append(ops, op.Swap{Device: swapFile, On: false})
	}
	return append(ops, File{From: there, Size: size}, op.Swap{Device: swapFile, On: true}), nil
}

// planUnitOn returns what enables a unit of the step's own.
func planUnitOn(ctx context.Context, v host.View, unit, body string) ([]steps.Op, error) {
	var ops []steps.Op
	file, err := op.PlanOwnedFile(v, op.OwnedFile{Path: "/etc/systemd/system/" + unit, Field: field, Body: []byte(body)})
	if err != nil {
		return nil, err
	}
	enable, err := op.PlanUnitFile(ctx, v, unit, "enabled")
	if err != nil {
		return nil, err
	}
	ops = appendOp(appendOp(ops, file), enable)
	if len(ops) > 0 && v.Live() {
		ops = append(ops, op.DaemonReload{})
	}
	return ops, nil
}

// planUnmake returns what takes a swap of the step's own away once it is off.
func planUnmake(ctx context.Context, v host.View, unit string, unmake steps.Op) ([]steps.Op, error) {
	disable, err := op.PlanUnitFile(ctx, v, unit, "disabled")
	if err != nil {
		return nil, err
	}
	ops := appendOp(nil, disable)
	if v.Live() {
		ops = append(ops, unmake)
	}
	remove, err := op.PlanOwnedFile(v, op.OwnedFile{Path: "/etc/systemd/system/" + unit, Field: field})
	ops = appendOp(ops, remove)
	if v.Live() {
		ops = append(ops, op.DaemonReload{})
	}
	return ops, err
}

// fileSize is the size of the swap file; 0 where there is none.
func fileSize(v host.Files) (int64, error) {
	info, err := v.Lstat(swapFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, nil
	case err != nil:
		return 0, err
	case !info.Mode.IsRegular():
		return 0, fmt.Errorf("%s should be a swap file: move it away: %w", swapFile, host.ErrNotRegular)
	}
	return info.Size, nil
}

func isRegular(v host.Files, name string) (bool, error) {
	info, err := v.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return info.Mode.IsRegular(), err
}
