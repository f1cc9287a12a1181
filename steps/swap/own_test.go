package swap_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/steptest"
	"github.com/hostler-dev/hostler/steps/swap"
)

const (
	swapFile = "/var/swap/hostler"
	fileUnit = "/etc/systemd/system/var-swap-hostler.swap"
	small    = 64 << 10 // fakes hold it many times
)

// programs are those that make swap. chattr refuses, as on ext4.
func programs() hosttest.Option {
	return func(f *hosttest.Fake) {
		f.Change(
			hosttest.Handle("chattr", func(_ *hosttest.Fake, cmd host.Command) (host.Output, error) {
				return host.Output{}, hosttest.Exit(cmd, 1, "chattr: Operation not supported while setting flags")
			}),
			hosttest.Handle("chcon", hosttest.Prints("")),
			hosttest.Handle("mkswap", hosttest.Prints("")),
			hosttest.Handle("dd", func(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
				var size, count int
				if _, err := fmt.Sscanf(strings.Join(cmd.Argv[3:5], " "), "bs=%d count=%d", &size, &count); err != nil {
					return host.Output{}, err
				}
				at := strings.TrimPrefix(cmd.Argv[2], "of=")
				f.Change(hosttest.FileWith(at, strings.Repeat("0", size*count), f.Attr(at)))
				return host.Output{}, nil
			}),
			hosttest.Handle("swapon", func(f *hosttest.Fake, cmd host.Command) (host.Output, error) {
				f.Change(hosttest.Swap(cmd.Argv[len(cmd.Argv)-1]))
				return host.Output{}, nil
			}),
		)
	}
}

// zram is the module with its device, of a size. The attributes of the fake are
// there before it is loaded.
func zram(size int) hosttest.Option {
	return func(f *hosttest.Fake) {
		f.Change(
			hosttest.Module("zram", hosttest.Loadable),
			hosttest.Attribute("/sys/block/zram0/disksize", fmt.Sprint(size)),
			hosttest.FileWith("/sys/block/zram0/reset", "", host.Attr{Mode: 0o200}),
			hosttest.OnAttribute("/sys/block/zram0/reset", func(f *hosttest.Fake) {
				f.Change(hosttest.Attribute("/sys/block/zram0/disksize", "0"))
			}),
		)
	}
}

// applied is a host on which a mode was applied before.
func applied(t *testing.T, spec swap.Spec, make func() *hosttest.Fake, more ...hosttest.Option) func() *hosttest.Fake {
	return func() *hosttest.Fake {
		f := make()
		ops, err := swap.New(spec).Plan(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range ops {
			if err := o.Do(t.Context(), f); err != nil {
				t.Fatal(err)
			}
		}
		f.Change(hosttest.Reloaded())
		f.Change(more...)
		return f.Clone()
	}
}

func TestOwnSwap(t *testing.T) {
	t.Parallel()
	bare := func() *hosttest.Fake { return machine(programs(), zram(0)) }
	limited, zrammed := swap.Spec{Mode: swap.Limited, Size: small}, swap.Spec{Mode: swap.Zram, Size: small}
	in := func(mode swap.Mode, size int64) func() steps.Step {
		return func() steps.Step { return swap.New(swap.Spec{Mode: mode, Size: size}) }
	}
	for _, c := range []steptest.Case{
		{Name: "makes a swap file and switches other swap off", Step: in(swap.Limited, small), Host: bare, Golden: "testdata/limited.golden"},
		{Name: "labels the file where SELinux is on", Step: in(swap.Limited, small), Golden: "testdata/limited.golden",
			Host: func() *hosttest.Fake {
				return machine(programs(), zram(0), hosttest.Attribute("/sys/fs/selinux/enforce", "1"))
			}},
		{Name: "wants nothing of a host with its file", Step: in(swap.Limited, small), Host: applied(t, limited, bare), Golden: "testdata/converged.golden"},
		{Name: "makes the file anew in another size, in whole blocks", Step: in(swap.Limited, small+1), Host: applied(t, limited, bare), Golden: "testdata/resized.golden"},
		{Name: "switches its file on again", Step: in(swap.Limited, small), Golden: "testdata/limited-off.golden",
			Host: func() *hosttest.Fake {
				f := applied(t, limited, bare)()
				if err := f.SwapOff(t.Context(), swapFile); err != nil {
					t.Fatal(err)
				}
				return f.Clone()
			}},
		{Name: "takes its file away when swap is disabled", Step: in(swap.Disabled, 0), Host: applied(t, limited, bare), Golden: "testdata/limited-disabled.golden"},
		{Name: "swaps to compressed memory", Step: in(swap.Zram, small), Host: bare, Golden: "testdata/zram.golden"},
		{Name: "takes a device over that has another size", Step: in(swap.Zram, small), Golden: "testdata/zram-vendor.golden",
			Host: func() *hosttest.Fake {
				return hosttest.New(programs(), zram(4096), hosttest.Swap("/dev/zram0"), hosttest.Module("zram", hosttest.Loaded),
					hosttest.UnitFile("swap.target", "[Unit]\n"))
			}},
		{Name: "wants nothing of a host with its device", Step: in(swap.Zram, small), Host: applied(t, zrammed, bare), Golden: "testdata/converged.golden"},
		{Name: "takes its device away when swap is disabled", Step: in(swap.Disabled, 0), Host: applied(t, zrammed, bare), Golden: "testdata/zram-disabled.golden"},
		{Name: "goes from the file to the device", Step: in(swap.Zram, small), Host: applied(t, limited, bare), Golden: "testdata/file-to-zram.golden"},
		{Name: "leaves the unit for the file in an image", Step: in(swap.Limited, small), Golden: "testdata/limited-image.golden",
			Host: func() *hosttest.Fake { return machine(hosttest.Image()) }},
		{Name: "leaves the unit for the device in an image", Step: in(swap.Zram, small), Golden: "testdata/zram-image.golden",
			Host: func() *hosttest.Fake { return machine(hosttest.Image()) }},
	} {
		c.Kinds = []map[string]steps.Op{swap.Kinds()}
		steptest.Run(t, c)
	}
}

func TestOwnSwapFailures(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spec swap.Spec
		more hosttest.Option
		want string
	}{
		"a file that is too small":                        {swap.Spec{Mode: swap.Limited, Size: 4096}, hosttest.Reloaded(), "at least 65536"},
		"a device of no size":                             {swap.Spec{Mode: swap.Zram}, hosttest.Reloaded(), "at least 65536"},
		"a file of somebody else in the place of its own": {swap.Spec{Mode: swap.Limited, Size: small}, hosttest.File(swapFile, "precious"), "did not make it"},
		"a folder in the place of its file":               {swap.Spec{Mode: swap.Limited, Size: small}, hosttest.Dir(swapFile, 0o755), "should be a swap file"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			if _, err := swap.New(c.spec).Plan(t.Context(), machine(c.more)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestFileInUseIsSwitchedOffFirst(t *testing.T) {
	t.Parallel()
	bare := func() *hosttest.Fake { return machine(programs(), zram(0)) }
	for _, size := range []int64{0, 2 * small} {
		f := applied(t, swap.Spec{Mode: swap.Limited, Size: small}, bare)()
		if err := (swap.File{Size: size}).Do(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		if got := f.Calls()[0]; got.Method != "SwapOff" || got.Subject != swapFile {
			t.Errorf("size %d: got %v first, want swapoff before the file is touched", size, got)
		}
	}
}

// What was never written by the host's own methods is not in the blob store.
func TestFileIsNotKept(t *testing.T) {
	t.Parallel()
	bare := func() *hosttest.Fake { return machine(programs(), zram(0)) }
	f := applied(t, swap.Spec{Mode: swap.Limited, Size: small}, bare)()
	disable := applied(t, swap.Spec{Mode: swap.Disabled}, func() *hosttest.Fake { return f })
	f = disable()
	if f.Content(fileUnit) != "" || f.Content(swapFile) != "" {
		t.Error("got the unit or the file still, want both gone")
	}
	names, err := f.ReadDir(host.DefaultStateDir + "/blobs")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if info, err := f.Lstat(host.BlobPath(host.DefaultStateDir, name)); err != nil || info.Size >= small {
			t.Errorf("got blob %s of %d bytes, %v, want none as large as the swap file", name, info.Size, err)
		}
	}
}
