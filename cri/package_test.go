package cri

import (
	"testing"

	"github.com/hostler-dev/hostler/distros"
	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/distros/pkgmgr/apttest"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

func TestManagedVersions(t *testing.T) {
	t.Parallel()
	older := apttest.Package{Name: "containerd", Version: "1.6.20~ds1-1"}
	newer := apttest.Package{Name: "containerd", Version: "1.6.20~ds1-1+deb12u3"}
	archive := apttest.Repository{Packages: []apttest.Package{newer, older}}
	bare := func() *hosttest.Fake { return hosttest.New(apttest.Debian(nil, archive)) }
	with := func(p apttest.Package) *hosttest.Fake {
		return hosttest.New(apttest.Debian([]apttest.Package{p}, archive))
	}
	image := func() *hosttest.Fake { return hosttest.New(hosttest.Image()) }
	cases := map[string]struct {
		host      *hosttest.Fake
		wish      string
		now, then string
	}{
		"nothing there: the newest on offer":            {bare(), "", "", newer.Version},
		"nothing there: the wish in full":               {bare(), older.Version, "", older.Version},
		"nothing there: a wish that is not on offer":    {bare(), "2.1.9", "", "2.1.9"},
		"nothing there and nothing on offer":            {hosttest.New(apttest.Debian(nil)), "", "", ""},
		"any version will do":                           {with(older), "", older.Version, older.Version},
		"what is there matches the wish":                {with(older), "1.6.20", older.Version, older.Version},
		"what is there does not":                        {with(older), newer.Version, older.Version, newer.Version},
		"an image without a package database":           {image(), "1.7.24-1", "", "1.7.24-1"},
		"an image without a package database or a wish": {image(), "", "", ""},
	}
	manager, err := pkgmgr.For(distros.Apt)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now, then, err := Managed{Manager: manager, PackageName: "containerd", Wish: c.wish}.Versions(t.Context(), c.host)
			if err != nil || now != c.now || then != c.then {
				t.Errorf("got %q, %q, %v, want %q, %q", now, then, err, c.now, c.then)
			}
		})
	}
}
