package sysctl

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// File is where the values are kept for the next boot. Files that distributions
// and packages ship start with lower numbers.
const File = "/etc/sysctl.d/90-hostler.conf"

// render returns what File says.
func render(settings []setting) []byte {
	var b bytes.Buffer
	for _, s := range settings {
		b.WriteString(strings.TrimRight(fmt.Sprintf("%s = %s", s.key, s.value), " ") + "\n")
	}
	return b.Bytes()
}

// planFile returns the op that File lacks, or nil.
func planFile(v host.View, settings []setting) (steps.Op, error) {
	return op.PlanOwnedFile(v, op.OwnedFile{Path: File, Field: "operatingSystem.sysctl", Body: render(settings)})
}
