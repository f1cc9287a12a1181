package rootfs_test

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/test/rootfs"
)

func newHost(t *testing.T, name string, options ...hosttest.Option) *hosttest.Fake {
	t.Helper()
	h, err := rootfs.New(name, options...)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestEveryRowHasATreeAndEveryTreeARow(t *testing.T) {
	t.Parallel()
	var rows []string
	for _, row := range distros.Table() {
		rows = append(rows, row.Key())
	}
	slices.Sort(rows)
	trees := rootfs.Names()
	for _, row := range rows {
		if !slices.Contains(trees, row) {
			t.Errorf("row %s: no tree test/rootfs/%s", row, row)
		}
	}
	for _, tree := range trees {
		if !slices.Contains(rows, tree) {
			t.Errorf("tree %s: no such row in distros", tree)
		}
	}
}

func TestATreeIsDetectedAsItsRow(t *testing.T) {
	t.Parallel()
	for _, name := range rootfs.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts, err := distros.Detect(newHost(t, name))
			if err != nil {
				t.Fatal(err)
			}
			if facts.Release == nil || facts.TreatedAs != "" || facts.Release.Key() != name {
				t.Fatalf("got row %v, treated as %q, because %q want the row %s itself", facts.Release, facts.TreatedAs, facts.Why, name)
			}
			// The marks of the package manager alone, without os-release.
			bare, err := distros.Detect(newHost(t, name, hosttest.Absent("/etc/os-release")))
			if err != nil {
				t.Fatal(err)
			}
			if bare.PackageManager != facts.PackageManager {
				t.Errorf("without os-release: got package manager %q want %q by its files", bare.PackageManager, facts.PackageManager)
			}
		})
	}
}

// TestATreeFitsItsRow compares what both say.
func TestATreeFitsItsRow(t *testing.T) {
	t.Parallel()
	for _, row := range distros.Table() {
		t.Run(row.Key(), func(t *testing.T) {
			t.Parallel()
			h := newHost(t, row.Key())
			exists := func(path string) bool {
				_, err := h.Stat(path)
				if err != nil && !errors.Is(err, fs.ErrNotExist) {
					t.Fatal(err)
				}
				return err == nil
			}
			release, err := h.Sysctl("kernel.osrelease")
			if err != nil || !strings.HasPrefix(release, row.Kernel.Version) {
				t.Errorf("got kernel %q, error %v want a %s", release, err, row.Kernel.Version)
			}
			if !exists(row.Reboot.KernelDir + "/" + release) {
				t.Errorf("the kernel has no folder in %s", row.Reboot.KernelDir)
			}
			if got := exists("/sys/fs/cgroup/cgroup.controllers"); got != row.Kernel.CgroupV2 {
				t.Errorf("got cgroup v2 %t want %t", got, row.Kernel.CgroupV2)
			}
			if got := exists("/sys/module/apparmor/parameters/enabled"); got != row.Security.AppArmor {
				t.Errorf("got AppArmor %t want %t", got, row.Security.AppArmor)
			}
			if got := exists("/sys/module/parsec/parameters/max_ilev"); got != row.Security.Parsec {
				t.Errorf("got Parsec %t want %t", got, row.Security.Parsec)
			}
			config := h.Content("/etc/selinux/config")
			if got := row.Security.SELinux != ""; got != (config != "") || got && !strings.Contains(config, "SELINUX="+row.Security.SELinux+"\n") {
				t.Errorf("got /etc/selinux/config %q want SELinux %q", config, row.Security.SELinux)
			}
			if got := exists("/etc/sysctl.d/99-sysctl.conf"); got != row.Sysctl.ReadsEtcSysctlConf {
				t.Errorf("got the link to /etc/sysctl.conf %t want %t", got, row.Sysctl.ReadsEtcSysctlConf)
			}
			for _, file := range row.Sysctl.Files {
				for key := range file.Sets {
					if !strings.Contains(h.Content(file.Path), key) {
						t.Errorf("%s does not set %s", file.Path, key)
					}
				}
			}
			if program := "/usr/bin/" + row.Trust.Update[0]; !exists(program) && !exists(strings.Replace(program, "/bin/", "/sbin/", 1)) {
				t.Errorf("there is no %s", program)
			}
		})
	}
}

func TestUnitsOfATreeAreKnownToItsHost(t *testing.T) {
	t.Parallel()
	h := newHost(t, "rhel-9")
	for name, want := range map[string]string{"firewalld.service": "active", "chronyd.service": "active", "swap.target": "inactive"} {
		unit, err := h.Unit(t.Context(), name)
		if err != nil || unit.ActiveState != want {
			t.Errorf("%s: got state %q, error %v want %s", name, unit.ActiveState, err, want)
		}
	}
	image, err := rootfs.NewImage("rhel-9")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := image.Sysctl("kernel.osrelease"); !errors.Is(err, host.ErrNotLive) {
		t.Errorf("an image: got %v want ErrNotLive", err)
	}
	if image.Content("/sys/fs/selinux/enforce") != "" {
		t.Error("an image has no files of the kernel's")
	}
}

func TestATreeIsLookedUpByItsName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"debian-1", "common", "", "../debian-12"} {
		if _, err := rootfs.New(name); err == nil || !strings.Contains(err.Error(), "no sample tree") {
			t.Errorf("%q: got %v want an error that says there is no such tree", name, err)
		}
	}
}
