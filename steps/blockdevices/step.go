package blockdevices

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// File is the rule of udev.
const File = "/etc/udev/rules.d/90-hostler-block.rules"

// Step keeps the queues.
type Step struct{ spec Spec }

// New makes the step for a Spec; what is wrong with the Spec is an error of Plan.
func New(spec Spec) Step { return Step{spec} }

// Name is "blockdevices".
func (s Step) Name() string { return "blockdevices" }

// Plan returns the rule, and one op for each disk that is not as wished.
func (s Step) Plan(_ context.Context, v host.View) ([]steps.Op, error) {
	if err := s.spec.Check(); err != nil {
		return nil, err
	}
	var ops []steps.Op
	rule, err := op.PlanOwnedFile(v, op.OwnedFile{Path: File, Field: "operatingSystem.blockDevices", Body: s.spec.rule()})
	errs := []error{err}
	if rule != nil {
		ops = append(ops, rule)
	}
	if len(s.spec.Queues) == 0 || !v.Live() {
		return ops, errors.Join(errs...)
	}
	devices, err := v.ReadDir("/sys/block")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, device := range devices {
		wish, wanted := s.spec.find(device)
		if !wanted {
			continue
		}
		set, err := planQueue(v, device, wish.settings())
		if set != nil {
			ops = append(ops, set)
		}
		errs = append(errs, err)
	}
	return ops, errors.Join(errs...)
}

// planQueue returns the op for a disk, or nil.
func planQueue(v host.View, device string, want Settings) (steps.Op, error) {
	now, err := read(v, device)
	if errors.Is(err, fs.ErrNotExist) { // a disk that just went, or without a queue at all
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	want, remark := now.possible(device, want)
	missing := want
	if now.Scheduler == want.Scheduler {
		missing.Scheduler = ""
	}
	// A new scheduler sets the length anew, so a length that is right is set again.
	if now.Requests == want.Requests && missing.Scheduler == "" {
		missing.Requests = ""
	}
	if now.ReadAheadKB == want.ReadAheadKB {
		missing.ReadAheadKB = ""
	}
	if missing == (Settings{}) {
		return nil, remark
	}
	return Queue{Device: device, From: now.only(missing), To: missing}, remark
}

// possible takes away what the disk does not offer, with a remark.
func (q queue) possible(device string, want Settings) (Settings, error) {
	switch {
	case !q.schedules() && (want.Scheduler != "" && want.Scheduler != q.Scheduler || want.Requests != ""):
		want.Scheduler, want.Requests = "", ""
		return want, steps.Warning("%s has no queue of its own, so its scheduler and queue length stay: the disks below it have them", device)
	case !q.schedules():
		want.Scheduler = ""
	case want.Scheduler != "" && !slices.Contains(q.offered, want.Scheduler):
		remark := steps.Warning("%s offers the schedulers %s, not %s, and keeps %s: choose one of them, or have the module that brings %s loaded (operatingSystem.kernelModules)",
			device, strings.Join(q.offered, ", "), want.Scheduler, q.Scheduler, want.Scheduler)
		want.Scheduler = ""
		return want, remark
	}
	return want, nil
}

// rule is the body of File: the first line that matches sets, and the rest is
// skipped. A scheduler that a disk does not offer is an error in udevd's log only.
func (s Spec) rule() []byte {
	if len(s.Queues) == 0 {
		return nil
	}
	var b bytes.Buffer
	const end = "hostler_block_end"
	fmt.Fprintf(&b, "SUBSYSTEM!=\"block\", GOTO=%q\n", end)
	fmt.Fprintf(&b, "ENV{DEVTYPE}!=\"disk\", GOTO=%q\n", end)
	fmt.Fprintf(&b, "ACTION!=\"add|change\", GOTO=%q\n", end)
	fmt.Fprintf(&b, "KERNEL==%q, GOTO=%q\n", strings.Join(untouched, "|"), end)
	for _, w := range s.Queues {
		fmt.Fprintf(&b, "KERNEL==%q", w.Match)
		for _, a := range w.settings().inOrder() {
			fmt.Fprintf(&b, ", ATTR{queue/%s}=%q", a.name, a.value)
		}
		fmt.Fprintf(&b, ", GOTO=%q\n", end)
	}
	fmt.Fprintf(&b, "LABEL=%q\n", end)
	return b.Bytes()
}
