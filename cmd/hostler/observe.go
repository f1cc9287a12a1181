//go:build !faults

package main

import "github.com/hostler-dev/hostler/steps/engine"

// watched is where builds for tests hook in; see observe_faults.go.
func watched(observe func(engine.Event)) func(engine.Event) { return observe }
