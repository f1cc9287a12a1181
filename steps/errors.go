package steps

import (
	"errors"
	"fmt"
)

// ErrAbsent is returned by a Probe that has nothing to judge: the thing is not
// there yet. Absent before and broken after a run is the run's fault; broken
// before is not.
var ErrAbsent = errors.New("not there yet")

// ErrRestarting is returned by the Do of an op that restarts the machine when the restart is on its way: the process is about to
// end, and whoever goes on with the run in the next boot does the op again, which then finds it done.
var ErrRestarting = errors.New("the machine restarts")

// ErrNotAllowed is wrapped by errors about rights that the process lacks.
var ErrNotAllowed = errors.New("root rights are needed")

// Remark is something a step has to say beside its ops. It travels as an
// error so that a step can join any number of them with its failures; Split
// tells them apart.
type Remark struct {
	Kind RemarkKind
	Text string
}

// RemarkKind tells what a remark means for the plan.
type RemarkKind int

const (
	// RemarkLater says that part of the step can be planned only after earlier steps have
	// run. The host is not converged, and the step is planned again when its
	// turn comes; if it still says Later then, the run fails with the remark.
	RemarkLater RemarkKind = iota
	// RemarkWarning says that the plan is whole, and that a person should know this.
	RemarkWarning
)

func (r *Remark) Error() string { return r.Text }

// Later makes a RemarkLater.
func Later(format string, args ...any) error {
	return &Remark{Kind: RemarkLater, Text: fmt.Sprintf(format, args...)}
}

// Warning makes a RemarkWarning.
func Warning(format string, args ...any) error {
	return &Remark{Kind: RemarkWarning, Text: fmt.Sprintf(format, args...)}
}

// Split takes an error of Step.Plan apart: the remarks, in order, and the
// failures that remain, joined; nil where none remain.
func Split(err error) (remarks []*Remark, failure error) {
	var failures []error
	var walk func(error)
	walk = func(err error) {
		if err == nil {
			return
		}
		if remark, ok := err.(*Remark); ok { //nolint:errorlint // walk unwraps by itself, to see every part of a joined error
			remarks = append(remarks, remark)
			return
		}
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			for _, e := range joined.Unwrap() {
				walk(e)
			}
			return
		}
		failures = append(failures, err)
	}
	walk(err)
	return remarks, errors.Join(failures...)
}
