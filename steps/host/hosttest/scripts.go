package hosttest

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/hostler-dev/hostler/steps/host"
)

// Answer is how a check ends on a host: its exit code, or why it could not be run.
type Answer func(v host.View, script host.Script) (exitCode int, err error)

// Answers tells the host what a check with exactly this content says; an empty
// content stands for all that have no answer of their own.
func Answers(content string, answer Answer) Option {
	return func(f *Fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.answers[content] = answer
	}
}

// Check implements host.Scripts.
func (f *Fake) Check(ctx context.Context, script host.Script) (host.CheckResult, error) {
	const act = "running a check"
	f.mu.Lock()
	notLive := f.live(act)
	answer, ok := f.answers[script.Content]
	if !ok {
		answer, ok = f.answers[""]
	}
	f.mu.Unlock()
	if notLive != nil {
		return host.CheckResult{}, notLive
	}
	if err := ctx.Err(); err != nil {
		return host.CheckResult{}, fmt.Errorf("%s: %w", act, err)
	}
	if _, err := host.Interpreter(script.Content); err != nil {
		return host.CheckResult{}, fmt.Errorf("%s: %w", act, err)
	}
	if !ok {
		return host.CheckResult{}, fmt.Errorf("%s: nobody told the fake what %q answers: %w", act, script.Content, fs.ErrNotExist)
	}
	code, err := answer(f, script)
	return host.CheckResult{ExitCode: code}, err
}
