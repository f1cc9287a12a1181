//go:build faults

package main

import (
	"os"
	"strconv"
	"syscall"

	"github.com/hostler-dev/hostler/steps/engine"
)

// watched kills the process with SIGKILL at the event of the run that
// HOSTLER_TEST_KILL_AT counts to, from 1. Tests build hostler with the tag
// "faults" to see what the next apply makes of it.
func watched(observe func(engine.Event)) func(engine.Event) {
	at, err := strconv.Atoi(os.Getenv("HOSTLER_TEST_KILL_AT"))
	if err != nil {
		return observe
	}
	seen := 0
	return func(e engine.Event) {
		if observe != nil {
			observe(e)
		}
		// Progress messages come as time passes; they are no fixed points. Downloads come before the run and belong to none.
		if e.Kind == engine.OpProgress || e.Kind == engine.AwaitingHealth || e.Run == 0 {
			return
		}
		if seen++; seen == at {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // until the signal arrives
		}
	}
}
