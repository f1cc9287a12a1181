package pkgmgr_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/distros/pkgmgr/dnftest"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

// rpmConfig is of the package kubelet in these tests.
const rpmConfig = "/etc/sysconfig/kubelet"

func TestUndoOfRPMsGivesConfigurationBack(t *testing.T) {
	onEach(t, func(t *testing.T, d el) {
		mine := host.Attr{Mode: 0o600, UID: 3, GID: 4}
		for name, c := range map[string]struct {
			before []hosttest.Option
			during func(t *testing.T, f *hosttest.Fake)
		}{
			"a file that was there before its package": {
				before: []hosttest.Option{hosttest.FileWith(rpmConfig, "mine\n", mine)},
				during: func(t *testing.T, f *hosttest.Fake) { wantFile(t, f, rpmConfig+".rpmnew", rpmEnvironment[rpmConfig]) },
			},
			"the same, where somebody wrote it once more since": {
				before: []hosttest.Option{hosttest.FileWith(rpmConfig, "mine\n", mine)},
				during: func(t *testing.T, f *hosttest.Fake) {
					if err := f.WriteFile(rpmConfig, []byte("mine\n"), mine); err != nil {
						t.Fatal(err)
					}
				},
			},
			"the same, where somebody removed what rpm put beside it": {
				before: []hosttest.Option{hosttest.FileWith(rpmConfig, "mine\n", mine)},
				during: func(t *testing.T, f *hosttest.Fake) { remove(t, f, rpmConfig+".rpmnew") },
			},
			"what an earlier package left": {
				before: []hosttest.Option{hosttest.File(rpmConfig+".rpmsave", "an old one\n"), hosttest.File(rpmConfig+".rpmnew", "another\n")},
			},
			"what an earlier installation of the same package left": {
				before: []hosttest.Option{hosttest.File(rpmConfig+".rpmnew", rpmEnvironment[rpmConfig])},
			},
			"what an earlier package left, where rpm overwrites it": {
				before: []hosttest.Option{hosttest.FileWith(rpmConfig+".rpmsave", "an old one\n", mine)},
				during: func(t *testing.T, f *hosttest.Fake) { edit(t, f, rpmConfig) },
			},
			"nothing, where the file was edited and nobody had one": {
				during: func(t *testing.T, f *hosttest.Fake) { edit(t, f, rpmConfig) },
			},
			"nothing, where the file has gone": {
				during: func(t *testing.T, f *hosttest.Fake) { remove(t, f, rpmConfig) },
			},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				f := d.host([]dnftest.Package{rpmCNI, rpmConntrack}, rpmAll, append(c.before, hosttest.Dir("/etc/sysconfig", 0o755))...)
				edit(t, f, "/etc/sysconfig/network") // time goes on when the host is written to
				doAndUndo(t, f, d.install("1.36.3"), func() {
					if c.during != nil {
						c.during(t, f)
					}
				})
			})
		}
	})
}

// TestRemovalOfRPMsKeepsConfiguration: only the undo of an installation is a purge.
func TestRemovalOfRPMsKeepsConfiguration(t *testing.T) {
	onEach(t, func(t *testing.T, d el) {
		f := d.host([]dnftest.Package{rpmKubelet36, rpmCNI, rpmConntrack}, rpmAll)
		edit(t, f, rpmConfig)
		if err := d.remove(rpmKubelet36).Do(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		wantFile(t, f, rpmConfig+".rpmsave", "edited\n")
	})
}

func wantFile(t *testing.T, f *hosttest.Fake, path, want string) {
	t.Helper()
	if diff := cmp.Diff(want, f.Content(path)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func edit(t *testing.T, f *hosttest.Fake, path string) {
	t.Helper()
	if err := f.WriteFile(path, []byte("edited\n"), host.Attr{Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, f *hosttest.Fake, path string) {
	t.Helper()
	if err := f.Remove(path); err != nil {
		t.Fatal(err)
	}
}
