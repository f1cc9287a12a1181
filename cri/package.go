package cri

import (
	"cmp"
	"context"
	"errors"
	"io/fs"

	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Package is the part of package management that the step of a runtime needs.
type Package interface {
	// Plan returns the ops that install the package and hold it where that is
	// wished; none when all is so. The error may be remarks.
	Plan(ctx context.Context, v host.View) ([]steps.Op, error)
	// Versions returns the version that is installed and the one that is there
	// after the ops; empty where there is none, or none is known yet.
	Versions(ctx context.Context, v host.View) (now, then string, err error)
}

// Managed is a Package that a package manager installs.
type Managed struct {
	// Step plans the package, and those that go with it; see package steps/packages.
	steps.Step
	// Manager knows the versions of the package called PackageName, whose version is
	// the runtime's.
	Manager     pkgmgr.Manager
	PackageName string
	// Wish is a version, or the beginning of one as the manager matches it; empty
	// is content with any.
	Wish string
}

// Versions implements Package. A host whose package is as wished is not asked
// what its repositories have.
func (m Managed) Versions(ctx context.Context, v host.View) (now, then string, err error) {
	inventory, err := m.Manager.Installed(ctx, v)
	if errors.Is(err, fs.ErrNotExist) && !v.Live() {
		return "", m.Wish, nil // an image before its packages
	}
	if err != nil {
		return "", "", err
	}
	if current := inventory.Get(m.PackageName); current.Installed {
		now = current.Version
	}
	if now != "" && (m.Wish == "" || m.Manager.Matches(m.Wish, now)) {
		return now, now, nil
	}
	if !v.Live() {
		return now, cmp.Or(now, m.Wish), nil // nothing is installed into an image
	}
	offered, err := m.Manager.Versions(ctx, v, m.PackageName)
	if err != nil {
		return "", "", err
	}
	// A version that is not on offer is the matter of Plan, which says what to do.
	if then, err = pkgmgr.Pick(m.Manager, m.PackageName, m.Wish, offered[m.PackageName]); err != nil {
		then = m.Wish
	}
	return now, then, nil
}
