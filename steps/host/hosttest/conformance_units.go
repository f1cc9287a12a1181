package hosttest

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps/host"
)

const (
	// testUnit is packaged, so that it can be masked.
	testUnit     = "hostler-conformance.service"
	testUnitFile = "/usr/lib/systemd/system/" + testUnit
	enableLink   = "/etc/systemd/system/multi-user.target.wants/" + testUnit
	unitContent  = "[Unit]\nDescription=%DESC%\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\nExecReload=/bin/true\n"
	installPart  = "[Install]\nWantedBy=multi-user.target\n"
)

func hasUnitFiles(c Caps) bool { return c.UnitFiles }
func hasSystemd(c Caps) bool   { return c.UnitFiles && c.Kernel != nil }

// unitFileCases hold for images and for running hosts.
var unitFileCases = []conformanceCase{
	{name: "enables, disables and masks a unit", needs: hasUnitFiles, run: func(t *testing.T, s *suite) {
		s.putUnit(t, unitContent+installPart)
		steps := []struct{ set, want string }{
			{"enabled", "enabled"}, {"enabled", "enabled"},
			{"disabled", "disabled"}, {"disabled", "disabled"},
			{"masked", "masked"}, {"masked", "masked"},
			{"disabled", "disabled"}, {"masked", "masked"},
			{"enabled", "enabled"}, {"masked", "masked"}, {"disabled", "disabled"},
		}
		for i, step := range steps {
			must(t, s.SetUnitFileState(t.Context(), testUnit, step.set))
			if got := s.fileState(t, testUnit); got != step.want {
				t.Errorf("edit %d, to %s: got state %q, want %q", i, step.set, got, step.want)
			}
			_, err := s.Lstat(enableLink)
			if linked := err == nil; linked && step.want == "disabled" || !linked && step.want == "enabled" {
				t.Errorf("edit %d, to %s: enable link is there: %v", i, step.set, linked)
			}
		}
	}},
	{name: "calls a unit without [Install] static and cannot enable it", needs: hasUnitFiles, run: func(t *testing.T, s *suite) {
		s.putUnit(t, unitContent)
		if got := s.fileState(t, testUnit); got != "static" {
			t.Errorf("got state %q, want static", got)
		}
		wantError(t, s.SetUnitFileState(t.Context(), testUnit, "enabled"), fs.ErrInvalid)
		must(t, s.SetUnitFileState(t.Context(), testUnit, "disabled"))
	}},
	{name: "makes and removes a unit's alias with its enablement", needs: hasUnitFiles, run: func(t *testing.T, s *suite) {
		s.putUnit(t, unitContent+"[Install]\nAlias=hostler-alias.service\n")
		if got := s.fileState(t, testUnit); got != "disabled" {
			t.Errorf("before: got state %q, want disabled", got)
		}
		must(t, s.SetUnitFileState(t.Context(), testUnit, "enabled"))
		if got := s.fileState(t, testUnit); got != "enabled" {
			t.Errorf("enabled: got state %q", got)
		}
		if got := s.fileState(t, "hostler-alias.service"); got != "alias" {
			t.Errorf("the alias: got state %q, want alias", got)
		}
		must(t, s.SetUnitFileState(t.Context(), testUnit, "disabled"))
		_, err := s.Lstat("/etc/systemd/system/hostler-alias.service")
		wantError(t, err, fs.ErrNotExist)
	}},
	{name: "masks and unmasks a unit that nobody has", needs: hasUnitFiles, run: func(t *testing.T, s *suite) {
		const name = "hostler-nobody.service"
		t.Cleanup(func() { must(t, s.Remove("/etc/systemd/system/"+name)) })
		must(t, s.SetUnitFileState(t.Context(), name, "masked"))
		if got := s.fileState(t, name); got != "masked" {
			t.Errorf("got state %q, want masked", got)
		}
		must(t, s.SetUnitFileState(t.Context(), name, "disabled"))
		if got := s.fileState(t, name); got != "" {
			t.Errorf("got state %q, want none", got)
		}
		wantError(t, s.SetUnitFileState(t.Context(), name, "enabled"), fs.ErrNotExist)
	}},
	{name: "does not mask a unit over a file that people wrote", needs: hasUnitFiles, run: func(t *testing.T, s *suite) {
		const name = "hostler-own.service"
		s.write(t, "/etc/systemd/system/"+name, strings.ReplaceAll(unitContent, "%DESC%", name))
		t.Cleanup(func() { must(t, s.Remove("/etc/systemd/system/"+name)) })
		wantError(t, s.SetUnitFileState(t.Context(), name, "masked"), fs.ErrExist)
		if got := s.fileState(t, name); got != "static" {
			t.Errorf("got state %q, want static as before", got)
		}
	}},
	{name: "knows three unit file states to set", needs: hasUnitFiles, run: func(t *testing.T, s *suite) {
		wantError(t, s.SetUnitFileState(t.Context(), testUnit, "static"), fs.ErrInvalid)
	}},
}

// unitCases need a systemd that runs.
var unitCases = []conformanceCase{
	{name: "says that a unit is not found", needs: hasSystemd, run: func(t *testing.T, s *suite) {
		const name = "hostler-nobody.service"
		unit, err := s.Unit(t.Context(), name)
		if err != nil || unit.LoadState != "not-found" || unit.Exists() || unit.Active() || unit.UnitFileState != "" {
			t.Errorf("got %+v, %v, want a unit that is not found", unit, err)
		}
		for _, verb := range []host.JobVerb{host.JobStart, host.JobRestart} {
			wantJobError(t, s.UnitJob(t.Context(), name, verb), "not-found")
		}
		must(t, s.UnitJob(t.Context(), name, host.JobStop))
	}},
	{name: "starts, restarts, reloads and stops a unit", needs: hasSystemd, run: func(t *testing.T, s *suite) {
		s.putUnit(t, unitContent)
		s.wantActive(t, false)
		must(t, s.UnitJob(t.Context(), testUnit, host.JobStart))
		started := s.wantActive(t, true)
		must(t, s.UnitJob(t.Context(), testUnit, host.JobStart))
		if again := s.wantActive(t, true); !again.ActiveSince.Equal(started.ActiveSince) {
			t.Errorf("starting an active unit: active since %v, want still %v", again.ActiveSince, started.ActiveSince)
		}
		must(t, s.UnitJob(t.Context(), testUnit, host.JobRestart))
		restarted := s.wantActive(t, true)
		if !restarted.ActiveSince.After(started.ActiveSince) {
			t.Errorf("restarted: active since %v, want later than %v", restarted.ActiveSince, started.ActiveSince)
		}
		must(t, s.UnitJob(t.Context(), testUnit, host.JobReload))
		if reloaded := s.wantActive(t, true); !reloaded.ActiveSince.Equal(restarted.ActiveSince) {
			t.Errorf("reloaded: active since %v, want still %v", reloaded.ActiveSince, restarted.ActiveSince)
		}
		for range 2 {
			must(t, s.UnitJob(t.Context(), testUnit, host.JobStop))
			s.wantActive(t, false)
		}
		if err := s.UnitJob(t.Context(), testUnit, host.JobReload); err == nil {
			t.Error("reloading an inactive unit: got no error")
		}
	}},
	{name: "lists active units by pattern", needs: hasSystemd, run: func(t *testing.T, s *suite) {
		s.putUnit(t, unitContent)
		must(t, s.UnitJob(t.Context(), testUnit, host.JobStart))
		for pattern, want := range map[string]bool{"hostler-conf*": true, "*.service": true, "*.swap": false, testUnit: true} {
			units, err := s.UnitsLike(t.Context(), pattern)
			must(t, err)
			got := slices.ContainsFunc(units, func(u host.Unit) bool { return u.Name == testUnit && u.Active() })
			if got != want {
				t.Errorf("units like %q: the unit is among them: %v, want %v", pattern, got, want)
			}
		}
	}},
	{name: "needs a daemon-reload after a unit file changed", needs: hasSystemd, run: func(t *testing.T, s *suite) {
		s.putUnit(t, unitContent)
		must(t, s.UnitJob(t.Context(), testUnit, host.JobStart))
		s.wantReload(t, false)
		s.write(t, testUnitFile, strings.ReplaceAll(unitContent, "%DESC%", "changed"))
		s.wantReload(t, true)
		must(t, s.DaemonReload(t.Context()))
		s.wantReload(t, false)
		must(t, s.Mkdir("/etc/systemd/system/"+testUnit+".d", s.attr(0o755)))
		t.Cleanup(func() { removeAll(t, s, "/etc/systemd/system/"+testUnit+".d") })
		s.write(t, "/etc/systemd/system/"+testUnit+".d/10-x.conf", "[Unit]\nDescription=dropped in\n")
		s.wantReload(t, true)
		must(t, s.DaemonReload(t.Context()))
		s.wantReload(t, false)
	}},
	{name: "does not start a masked unit", needs: hasSystemd, run: func(t *testing.T, s *suite) {
		s.putUnit(t, unitContent+installPart)
		must(t, s.SetUnitFileState(t.Context(), testUnit, "masked"))
		must(t, s.DaemonReload(t.Context()))
		unit, err := s.Unit(t.Context(), testUnit)
		if err != nil || unit.LoadState != "masked" || !unit.Exists() {
			t.Errorf("got %+v, %v, want LoadState masked", unit, err)
		}
		wantJobError(t, s.UnitJob(t.Context(), testUnit, host.JobStart), "masked")
		must(t, s.SetUnitFileState(t.Context(), testUnit, "disabled"))
		must(t, s.DaemonReload(t.Context()))
		must(t, s.UnitJob(t.Context(), testUnit, host.JobStart))
	}},
	{name: "shows a unit's last log lines when its job fails", needs: func(c Caps) bool { return c.FailingUnit != nil }, run: func(t *testing.T, s *suite) {
		s.putUnit(t, unitContent)
		s.caps.FailingUnit(t, s.Host, testUnit)
		err := s.UnitJob(t.Context(), testUnit, host.JobStart)
		wantJobError(t, err, "failed")
		if err != nil && !strings.Contains(err.Error(), "going down") {
			t.Errorf("got error %q, want it to quote the log", err)
		}
		unit, err := s.Unit(t.Context(), testUnit)
		if err != nil || unit.ActiveState != "failed" || unit.Result != "exit-code" || !unit.ActiveSince.IsZero() {
			t.Errorf("got %+v, %v, want a failed unit with result exit-code", unit, err)
		}
		log, err := s.UnitLog(t.Context(), testUnit, 100)
		if err != nil || !slices.Contains(log, "going down") {
			t.Errorf("got log %q, %v, want \"going down\" in it", log, err)
		}
		if log, err := s.UnitLog(t.Context(), testUnit, 1); err != nil || len(log) != 1 {
			t.Errorf("got log %q, %v, want its last line", log, err)
		}
	}},
}

// putUnit writes the suite's unit, and removes all of it in the end.
func (s *suite) putUnit(t *testing.T, content string) {
	t.Helper()
	s.write(t, testUnitFile, strings.ReplaceAll(content, "%DESC%", "conformance"))
	s.reloadIfLive(t)
	t.Cleanup(func() {
		if s.Live() { // t.Context has ended by now
			must(t, s.UnitJob(context.Background(), testUnit, host.JobStop))
		}
		for _, p := range []string{enableLink, "/etc/systemd/system/" + testUnit, "/etc/systemd/system/hostler-alias.service", testUnitFile} {
			must(t, s.Remove(p))
		}
		s.reloadIfLive(t)
	})
}

func (s *suite) reloadIfLive(t *testing.T) {
	t.Helper()
	if s.Live() {
		must(t, s.DaemonReload(context.WithoutCancel(t.Context())))
	}
}

func (s *suite) fileState(t *testing.T, name string) string {
	t.Helper()
	unit, err := s.Unit(t.Context(), name)
	must(t, err)
	if unit.Name != name {
		t.Errorf("got a unit called %q, want %q", unit.Name, name)
	}
	return unit.UnitFileState
}

func (s *suite) wantActive(t *testing.T, want bool) host.Unit {
	t.Helper()
	unit, err := s.Unit(t.Context(), testUnit)
	if err != nil || unit.Active() != want || unit.ActiveSince.IsZero() == want || unit.LoadState != "loaded" {
		t.Errorf("got %+v, %v, want active: %v", unit, err, want)
	}
	return unit
}

func (s *suite) wantReload(t *testing.T, want bool) {
	t.Helper()
	if unit, err := s.Unit(t.Context(), testUnit); err != nil || unit.NeedDaemonReload != want {
		t.Errorf("got NeedDaemonReload %v, %v, want %v", unit.NeedDaemonReload, err, want)
	}
}

func wantJobError(t *testing.T, err error, result string) {
	t.Helper()
	var job *host.JobError
	if !errors.As(err, &job) || job.Result != result {
		t.Errorf("got %v, want a JobError with result %q", err, result)
	}
}
