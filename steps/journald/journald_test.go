package journald_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/journald"
	"github.com/hostler-dev/hostler/steps/steptest"
)

func machine(more ...hosttest.Option) func() *hosttest.Fake {
	return func() *hosttest.Fake {
		return hosttest.New(append([]hosttest.Option{
			hosttest.File("/etc/systemd/journald.conf", "[Journal]\nStorage=persistent\n"),
			hosttest.UnitFile("systemd-journald.service", "[Service]\n"), hosttest.Running("systemd-journald.service"),
		}, more...)...)
	}
}

// full has every field set.
func full() journald.Spec {
	return journald.Spec{
		MaxUse: new(int64(1 << 30)), KeepFree: new(int64(0)), MaxFileSize: new(int64(64 << 20)), MaxRetention: new(30 * 24 * time.Hour),
		RateLimitInterval: new(30 * time.Second), RateLimitBurst: new(int64(0)), SystemdVersion: 252,
	}
}

const written = `# Kept by hostler: it takes changes made here back.
# Change operatingSystem.journald of the NodeGroup instead.
[Journal]
SystemMaxUse=1073741824
SystemKeepFree=0
SystemMaxFileSize=67108864
MaxRetentionSec=2592000s
RateLimitIntervalSec=30s
RateLimitBurst=0
`

func TestStep(t *testing.T) {
	t.Parallel()
	in := func(spec journald.Spec) func() steps.Step { return func() steps.Step { return journald.New(spec) } }
	old := full()
	old.SystemdVersion = 219
	for _, c := range []steptest.Case{
		{Name: "limits journald on a bare host", Step: in(full()), Golden: "testdata/bare.golden", Host: machine()},
		{Name: "wants nothing of a host that is so", Step: in(full()), Golden: "testdata/converged.golden", Host: machine(hosttest.File(journald.File, written))},
		{Name: "uses the old name and counts the restart on an old systemd", Step: in(old), Golden: "testdata/old.golden", Host: machine()},
		{Name: "takes a changed value back", Step: in(full()), Golden: "testdata/drifted.golden",
			Host: machine(hosttest.File(journald.File, strings.Replace(written, "1073741824", "8G", 1)))},
		{Name: "warns of a later drop-in", Step: in(journald.Spec{MaxUse: new(int64(1 << 30))}), Golden: "testdata/overridden.golden",
			Host: machine(hosttest.File("/usr/lib/systemd/journald.conf.d/99-vendor.conf", "[Journal]\nSystemMaxUse=50M\nRateLimitBurst=1\n"))},
		{Name: "takes its file away when nothing is wanted", Step: in(journald.Spec{SystemdVersion: 252}), Golden: "testdata/removed.golden",
			Host: machine(hosttest.File(journald.File, written))},
		{Name: "leaves a file of somebody else", Step: in(journald.Spec{}), Golden: "testdata/foreign.golden", Host: machine(hosttest.File(journald.File, "[Journal]\nSystemMaxUse=2G\n"))},
		{Name: "writes only the file into an image", Step: in(full()), Golden: "testdata/image.golden", Host: machine(hosttest.Image())},
		{Name: "restarts no journald that does not run", Step: in(full()), Golden: "testdata/image.golden", Host: machine(hosttest.Inactive("systemd-journald.service"))},
	} {
		steptest.Run(t, c)
	}
}

func TestRefusesWhatJournaldWouldMisread(t *testing.T) {
	t.Parallel()
	for field, mutate := range map[string]func(*journald.Spec){
		"maxUse":            func(s *journald.Spec) { s.MaxUse = new(int64(0)) },
		"maxFileSize":       func(s *journald.Spec) { s.MaxFileSize = new(int64(-1)) },
		"keepFree":          func(s *journald.Spec) { s.KeepFree = new(int64(-1)) },
		"rateLimitBurst":    func(s *journald.Spec) { s.RateLimitBurst = new(int64(-1)) },
		"maxRetention":      func(s *journald.Spec) { s.MaxRetention = new(1500 * time.Millisecond) },
		"rateLimitInterval": func(s *journald.Spec) { s.RateLimitInterval = new(-time.Second) },
	} {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			spec := full()
			mutate(&spec)
			if _, err := journald.New(spec).Plan(t.Context(), machine()()); err == nil || !strings.Contains(err.Error(), "operatingSystem.journald."+field+" is ") {
				t.Errorf("got %v, want an error that names %s", err, field)
			}
		})
	}
}
