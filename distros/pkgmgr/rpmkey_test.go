package pkgmgr_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/distros/pkgmgr/dnftest"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

// The file two.asc has keys with these fingerprints. The armour of the first alone is
// oneKey.
const (
	trustedFile = "/etc/pki/rpm-gpg/RPM-GPG-KEY-x"
	firstKey    = "187E15CB832CA0262E4B908F3281C7AF2BC63880"
	secondKey   = "08875F958212452F7434000AE12BC3B3FB1125B9"
	oneKey      = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" +
		"mDMEawJp/hYJKwYBBAHaRw8BAQdAsR4IFAXJI6Xh9wh3fYaLTUXFD9CtrUcKh6xzqnYkKbA=\n-----END PGP PUBLIC KEY BLOCK-----\n"
)

func twoKeys(t *testing.T) string {
	t.Helper()
	armour, err := os.ReadFile("repository/testdata/two.asc")
	if err != nil {
		t.Fatal(err)
	}
	return string(armour)
}

func (d el) planKey(t *testing.T, v host.View, armour string) steps.Op {
	t.Helper()
	op, err := pkgmgr.PlanKey(t.Context(), v, pkgmgr.ImportKey{Manager: d.Manager, Path: trustedFile}, []byte(armour))
	if err != nil {
		t.Fatal(err)
	}
	return op
}

func TestRPMTrustsAKeyAndForgetsIt(t *testing.T) {
	onEach(t, func(t *testing.T, d el) {
		two := twoKeys(t)
		for name, c := range map[string]struct {
			trusted hosttest.Option
			want    string
		}{
			"all keys of a file":             {hosttest.Dir("/etc", 0o755), firstKey + ", " + secondKey},
			"not one that was there already": {d.Trusted(oneKey), secondKey},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				f := d.host(nil, dnftest.Repository{}, hosttest.File(trustedFile, two), c.trusted)
				op := d.planKey(t, f, two)
				if diff := cmp.Diff(c.want, op.Diff().To); diff != "" {
					t.Errorf("what people see (-want +got):\n%s", diff)
				}
				inverse := doAndUndo(t, f, op, func() {
					if again := d.planKey(t, f, two); again != nil {
						t.Errorf("got %v want nothing more to do", again)
					}
				})
				if diff := cmp.Diff(c.want, inverse.Diff().From); diff != "" {
					t.Errorf("what undo takes away (-want +got):\n%s", diff)
				}
			})
		}
	})
}

// TestUndoOfTrustComesBack: a rollback is a run that can be taken back, too.
func TestUndoOfTrustComesBack(t *testing.T) {
	onEach(t, func(t *testing.T, d el) {
		f := d.host(nil, dnftest.Repository{}, hosttest.File(trustedFile, twoKeys(t)), d.Trusted(twoKeys(t)))
		keys := d.planKey(t, d.host(nil, dnftest.Repository{}), oneKey).(pkgmgr.ImportKey).Keys
		doAndUndo(t, f, pkgmgr.EraseKey{Manager: d.Manager, Path: trustedFile, Keys: keys}, func() {
			if op := d.planKey(t, f, twoKeys(t)); op == nil || op.Diff().To != firstKey {
				t.Errorf("got %v want only the first key to be missing", op)
			}
		})
	})
}

func TestRPMTrustsWhatWasPlannedOnly(t *testing.T) {
	onEach(t, func(t *testing.T, d el) {
		for name, c := range map[string]struct {
			file hosttest.Option
			want string
		}{
			"another key in the file": {hosttest.File(trustedFile, twoKeys(t)), secondKey + ", which was not planned"},
			"no key in the file":      {hosttest.File(trustedFile, "x"), "armour is empty"},
			"no file":                 {hosttest.Absent(trustedFile), "no such file"},
			"rpm that takes a part": {func(f *hosttest.Fake) {
				f.Change(hosttest.File(trustedFile, oneKey), hosttest.Handle("rpm", func(*hosttest.Fake, host.Command) (host.Output, error) { return host.Output{}, nil }))
			}, "does not have " + firstKey},
			"rpm that refuses": {func(f *hosttest.Fake) {
				f.Change(hosttest.File(trustedFile, oneKey), hosttest.Handle("rpm", func(_ *hosttest.Fake, cmd host.Command) (host.Output, error) {
					const complaint = "error: key 1 import failed: policy"
					return host.Output{Stderr: []byte(complaint)}, hosttest.Exit(cmd, 1, complaint)
				}))
			}, "import failed: policy"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				f := d.host(nil, dnftest.Repository{})
				op := d.planKey(t, f, oneKey)
				f.Change(c.file)
				before := f.Snapshot(f.StateDir())
				if err := op.Do(t.Context(), f); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v want an error with %q", err, c.want)
				}
				if diff := cmp.Diff(before, f.Snapshot(f.StateDir())); diff != "" {
					t.Errorf("what failed must change nothing (-before +after):\n%s", diff)
				}
			})
		}
	})
}

// TestTrustThatSomebodyElseGaveStays: between the plan and the op, or by another file
// with the same key.
func TestTrustThatSomebodyElseGaveStays(t *testing.T) {
	onEach(t, func(t *testing.T, d el) {
		f := d.host(nil, dnftest.Repository{}, hosttest.File(trustedFile, twoKeys(t)))
		op := d.planKey(t, f, twoKeys(t))
		f.Change(d.Trusted(oneKey))
		if inverse := doAndUndo(t, f, op, func() {}); inverse.Diff().From != secondKey {
			t.Errorf("got %q want only the second key to be taken away", inverse.Diff().From)
		}
	})
}
