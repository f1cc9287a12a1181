package swap

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

const (
	// zramDevice is the one that the module makes when it is loaded.
	zramDevice = "/dev/zram0"
	zramUnit   = "hostler-zram.service"
	// The attributes; see the kernel's admin-guide/blockdev/zram.rst.
	zramSize  = "/sys/block/zram0/disksize"
	zramReset = "/sys/block/zram0/reset"
	// zramPriority is above that of any disk, which the kernel counts down from -2.
	zramPriority = 100
)

// zramUnitBody does at boot what ZramDevice does now.
func zramUnitBody(size int64) string {
	return fmt.Sprintf(`[Unit]
Description=Compressed swap of hostler

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/sbin/modprobe zram
ExecStart=/bin/sh -c 'echo %d > %s'
ExecStart=/sbin/mkswap %s
ExecStart=/sbin/swapon --priority %d %s

[Install]
WantedBy=multi-user.target
`, size, zramSize, zramDevice, zramPriority, zramDevice)
}

// planZram returns what makes the compressed device so; of size 0, what takes it away.
func planZram(ctx context.Context, v host.View, size int64) ([]steps.Op, error) {
	if size == 0 {
		ours, err := isRegular(v, "/etc/systemd/system/"+zramUnit)
		if err != nil || !ours {
			return nil, err
		}
		from, err := zramNow(v)
		if err != nil {
			return nil, err
		}
		return planUnmake(ctx, v, zramUnit, ZramDevice{From: from})
	}
	ops, err := planUnitOn(ctx, v, zramUnit, zramUnitBody(size))
	if err != nil || !v.Live() {
		return ops, err
	}
	load, err := op.PlanModule(v, "zram")
	if err != nil {
		return nil, err
	}
	ops = appendOp(ops, load)
	active, err := v.Swaps()
	if err != nil {
		return nil, err
	}
	now, err := zramNow(v)
	if err != nil {
		return nil, err
	}
	if now != size || !slices.Contains(active, zramDevice) {
		ops = append(ops, ZramDevice{From: now, Size: size})
	}
	return ops, nil
}

// zramNow is the size of the device; 0 where it has none, or is not there.
func zramNow(v host.View) (int64, error) {
	content, err := v.ReadFile(zramSize)
	if errors.Is(err, fs.ErrNotExist) || !v.Live() {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	size, err := strconv.ParseInt(host.AttributeValue(content), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("reading %q: %w", zramSize, err)
	}
	return size, nil
}

// ZramDevice gives the compressed device a size and swaps to it, or empties it.
type ZramDevice struct {
	// From is the size before, for people.
	From int64 `json:"from,omitempty"`
	// Size in bytes; 0 switches the device off.
	Size int64 `json:"size"`
	// Unused keeps a device of that size from being swapped to, in inverses.
	Unused bool `json:"unused,omitempty"`
}

// Key is that of the device.
func (o ZramDevice) Key() string { return "zram:" + zramDevice }

// Impact is None: what was swapped out comes back into memory.
func (o ZramDevice) Impact() steps.Impact { return steps.None }

// Diff shows the sizes.
func (o ZramDevice) Diff() steps.Diff { return sizeDiff(o.From, o.Size) }

// Inverse gives the device its size and its use of now.
func (o ZramDevice) Inverse(_ context.Context, v host.View) (steps.Op, error) {
	size, err := zramNow(v)
	if err != nil {
		return nil, err
	}
	active, err := v.Swaps()
	if err != nil {
		return nil, err
	}
	return ZramDevice{From: o.Size, Size: size, Unused: size > 0 && !slices.Contains(active, zramDevice)}, nil
}

// Do sets the device up anew: its size can only be set while it has none.
func (o ZramDevice) Do(ctx context.Context, h host.Host) error {
	now, err := zramNow(h)
	if err != nil {
		return err
	}
	active, err := h.Swaps()
	if err != nil {
		return err
	}
	inUse := slices.Contains(active, zramDevice)
	if now == o.Size && inUse == (o.Size > 0 && !o.Unused) {
		return nil
	}
	if err := h.SwapOff(ctx, zramDevice); err != nil {
		return err
	}
	if now > 0 {
		if err := h.SetAttribute(zramReset, "1"); err != nil {
			return err
		}
	}
	if o.Size == 0 {
		return nil
	}
	if err := h.SetAttribute(zramSize, strconv.FormatInt(o.Size, 10)); err != nil {
		return err
	}
	// Also where an op after this one switches it on.
	if _, err := h.Run(ctx, host.Command{Argv: []string{"mkswap", zramDevice}}); err != nil || o.Unused {
		return err
	}
	_, err = h.Run(ctx, host.Command{Argv: []string{"swapon", "--priority", strconv.Itoa(zramPriority), zramDevice}})
	return err
}
