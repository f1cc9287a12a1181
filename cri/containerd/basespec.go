package containerd

import (
	"fmt"

	"github.com/hostler-dev/hostler/cri/ocispec"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// BaseSpecFile is the OCI specification that containers start from where the
// NodeGroup changes it. The name is hostler's alone: JSON has no place for a mark.
const BaseSpecFile = "/etc/containerd/hostler-base-spec.json"

// plannedBaseSpec is what becomes of the file.
type plannedBaseSpec struct {
	// write comes before the configuration that names the file, remove after it.
	write, remove steps.Op
	// changed is whether a containerd that runs has read something else.
	changed bool
}

func (s Step) planBaseSpec(v host.View) (plannedBaseSpec, error) {
	var planned plannedBaseSpec
	var err error
	if len(s.spec.Rlimits) == 0 {
		planned.remove, err = op.PlanRemove(v, BaseSpecFile)
		return planned, err
	}
	content, err := ocispec.Base(s.spec.Rlimits)
	if err != nil {
		return planned, fmt.Errorf("spec.cri.containerd.baseRuntimeSpec: %w", err)
	}
	if planned.write, err = op.PlanFile(v, op.FileWish{Path: BaseSpecFile, Content: content, Attr: host.Attr{Mode: 0o644}}); err != nil {
		return planned, err
	}
	planned.changed, err = op.NewContent(v, planned.write)
	return planned, err
}
