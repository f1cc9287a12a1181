package swap

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// File makes the swap file, or removes it. It is filled by commands and never
// kept in the blob store: what is in it is of no use afterwards.
type File struct {
	// From is the size before, for people.
	From int64 `json:"from,omitempty"`
	// Size in bytes; 0 removes the file.
	Size int64 `json:"size"`
	// MadeFolder is whether the file's folder goes with it, in inverses.
	MadeFolder bool `json:"madeFolder,omitempty"`
}

// Kinds are the ops of this package by their names in journals.
func Kinds() map[string]steps.Op {
	return map[string]steps.Op{"swap-file": File{}, "zram": ZramDevice{}}
}

// Key is that of the file.
func (o File) Key() string { return "file:" + swapFile }

// Impact is None: nothing that runs notices.
func (o File) Impact() steps.Impact { return steps.None }

// Diff shows the sizes.
func (o File) Diff() steps.Diff { return sizeDiff(o.From, o.Size) }

func sizeDiff(from, to int64) steps.Diff {
	text := func(size int64) string {
		if size == 0 {
			return ""
		}
		return fmt.Sprintf("%d KiB", size>>10)
	}
	action := "create"
	switch {
	case to == 0:
		action = "remove"
	case from > 0:
		action = "update"
	}
	return steps.Diff{Action: action, From: text(from), To: text(to)}
}

// Inverse makes the file as large as it is now.
func (o File) Inverse(_ context.Context, v host.View) (steps.Op, error) {
	size, err := fileSize(v)
	if err != nil {
		return nil, err
	}
	_, err = v.Stat(path.Dir(swapFile))
	made := errors.Is(err, fs.ErrNotExist)
	if err != nil && !made {
		return nil, err
	}
	return File{From: o.Size, Size: size, MadeFolder: made}, nil
}

// fillTimeout is for a large file on a slow disk.
const fillTimeout = 30 * time.Minute

// Do makes the file anew unless it is in use with the size that it should have: a
// file that is there may be half made.
func (o File) Do(ctx context.Context, h host.Host) error {
	size, err := fileSize(h)
	if err != nil {
		return err
	}
	active, err := h.Swaps()
	if err != nil {
		return err
	}
	if size == o.Size && slices.Contains(active, swapFile) {
		return nil
	}
	if err := h.SwapOff(ctx, swapFile); err != nil {
		return err
	}
	if o.Size == 0 {
		return o.remove(h)
	}
	return o.fill(ctx, h)
}

func (o File) remove(h host.Host) error {
	if err := h.Remove(swapFile); err != nil || !o.MadeFolder {
		return err
	}
	folder := path.Dir(swapFile)
	names, err := h.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) || len(names) > 0 {
		return nil
	}
	if err != nil {
		return err
	}
	return h.Remove(folder)
}

// fill writes every block: a file with holes, or with blocks that are only reserved,
// is refused by some kernels (swapon(8), NOTES). On btrfs the file must not be
// copied on write, which can be said of an empty file only; others refuse chattr, and that is well.
func (o File) fill(ctx context.Context, h host.Host) error {
	if _, err := h.Stat(path.Dir(swapFile)); errors.Is(err, fs.ErrNotExist) {
		if err := h.Mkdir(path.Dir(swapFile), host.Attr{Mode: 0o700}); err != nil {
			return err
		}
	}
	if err := h.WriteFile(swapFile, nil, host.Attr{Mode: 0o600}); err != nil {
		return err
	}
	var refused *host.CommandError
	if _, err := h.Run(ctx, host.Command{Argv: []string{"chattr", "+C", swapFile}}); err != nil && !errors.As(err, &refused) {
		return err
	}
	commands := [][]string{
		{"dd", "if=/dev/zero", "of=" + swapFile, fmt.Sprintf("bs=%d", block), fmt.Sprintf("count=%d", o.Size/block), "conv=notrunc,fsync"},
		{"mkswap", swapFile},
	}
	if _, err := h.Stat("/sys/fs/selinux/enforce"); err == nil {
		commands = append(commands, []string{"chcon", "-t", "swapfile_t", swapFile}) // or systemd may not use it at boot
	}
	for _, argv := range commands {
		if _, err := h.Run(ctx, host.Command{Argv: argv, Timeout: fillTimeout}); err != nil {
			return err
		}
	}
	return nil
}
