package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hostler-dev/hostler/steps/engine"
)

// reportFailures prints why steps could not be planned, a line for each reason.
// A cause that several have in common, such as a systemd that does not answer, is
// told once.
func reportFailures(w io.Writer, failures []engine.StepFailure) {
	var reasons []reason
	for _, failure := range failures {
		for _, err := range leaves(failure.Err) {
			reasons = append(reasons, reason{steps: []string{failure.Step}, text: err.Error(), causes: causes(err)})
		}
	}
	for _, r := range merged(reasons) {
		noun := "step"
		if len(r.steps) > 1 {
			noun = "steps"
		}
		text := strings.ReplaceAll(r.text, "\n", "\n      ")
		fmt.Fprintf(w, "  %s %s: %s\n", noun, strings.Join(r.steps, ", "), text)
	}
}

// reason is why steps failed.
type reason struct {
	steps []string
	text  string
	// causes are the texts of the errors in it, the longest first.
	causes []string
}

// merged makes one of the reasons that have a cause in common.
func merged(reasons []reason) []reason {
	var out []reason
	byCause := map[string]int{} // to the index in out
	for i, r := range reasons {
		shared := sharedCause(i, reasons)
		if shared == "" {
			out = append(out, r)
			continue
		}
		at, known := byCause[shared]
		if !known {
			byCause[shared] = len(out)
			out = append(out, reason{steps: r.steps, text: shared})
			continue
		}
		if !slices.Contains(out[at].steps, r.steps[0]) {
			out[at].steps = append(slices.Clip(out[at].steps), r.steps[0])
		}
	}
	return out
}

// sharedCause is the longest cause that the nth reason has in common with another, or empty.
func sharedCause(nth int, all []reason) string {
	for _, cause := range all[nth].causes {
		for i, other := range all {
			if i != nth && slices.Contains(other.causes, cause) {
				return cause
			}
		}
	}
	return ""
}

// leaves takes joined errors apart.
func leaves(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || err.Error() != errors.Join(joined.Unwrap()...).Error() {
		return []error{err}
	}
	var out []error
	for _, part := range joined.Unwrap() {
		out = append(out, leaves(part)...)
	}
	return out
}

// causes are the texts of an error and of the errors in it, down to but without
// the last: "no such file or directory" alone says nothing.
func causes(err error) []string {
	var out []string
	for err != nil {
		inner := errors.Unwrap(err)
		_, several := err.(interface{ Unwrap() []error })
		if inner != nil || several {
			out = append(out, err.Error())
		}
		err = inner
	}
	return out
}
