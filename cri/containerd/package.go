package containerd

import (
	"cmp"
	"context"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// plannedPackage is what becomes of the package.
type plannedPackage struct {
	ops []steps.Op
	// release is the containerd after the run.
	release Release
	// change says "1.7.24-1 to 2.1.9-1", or "none to 2.1.9-1" where a containerd
	// that runs may have come without a package; empty where the package stays.
	change string
}

// planPackage plans nothing where the package is somebody else's.
func (s Step) planPackage(ctx context.Context, v host.View) (plannedPackage, error) {
	var planned plannedPackage
	if s.spec.Package == nil {
		return planned, nil
	}
	now, then, err := s.spec.Package.Versions(ctx, v)
	if err != nil {
		return planned, err
	}
	if planned.release, err = ParseRelease(then); err != nil {
		return planned, err
	}
	if then != now {
		planned.change = cmp.Or(now, "none") + " to " + then
	}
	planned.ops, err = s.spec.Package.Plan(ctx, v)
	return planned, err
}
