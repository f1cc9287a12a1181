package engine_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/engine"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
)

func TestApply(t *testing.T) {
	t.Parallel()

	t.Run("makes the host as wished, and no run the second time", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, service("a.service"), hosttest.Running("a.service"))
		list := []steps.Step{wantFile("a", "/etc/a", "a\n", restart("a.service"))}
		result := r.mustApply(engine.Done, list...)
		if result.Run != 1 || result.Ops != 2 || result.Took <= 0 {
			t.Errorf("got %+v, want run 1 with 2 ops and a duration", result)
		}
		if got := r.host.Content("/etc/a"); got != "a\n" {
			t.Errorf("got contents %q, want %q", got, "a\n")
		}
		calls := len(r.host.Calls())
		if result := r.mustApply(engine.Converged, list...); result.Run != 0 {
			t.Errorf("got run %d, want none", result.Run)
		}
		if after := r.host.Calls()[calls:]; len(after) > 0 || r.outcomes() != "1 done" {
			t.Errorf("second apply: got edits %v and runs %q, want none and %q", after, r.outcomes(), "1 done")
		}
	})

	t.Run("has each op and its way back on disk before it runs, and its end after", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, service("a.service"), hosttest.Running("a.service"))
		r.onEvent = func(event engine.Event) {
			wantType := map[engine.EventKind]string{engine.OpBegun: "do", engine.OpMade: "do", engine.OpEnded: "done"}[event.Kind]
			if wantType == "" {
				return
			}
			lines := r.journal(1)
			last := lines[len(lines)-1]
			if last.Type != wantType || last.Seq != event.Index || wantType == "do" && (last.Key != event.Op.Key() || last.Undo == nil) {
				t.Errorf("at event %d of %s the journal ends with %+v, want a %q of op %d with its way back", event.Kind, event.Op.Key(), last, wantType, event.Index)
			}
		}
		r.mustApply(engine.Done, wantFile("a", "/etc/a", "a\n", restart("a.service")), wantFile("b", "/etc/b", "b\n"))
	})

	t.Run("plans a step again when its turn comes", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, hosttest.Module("br_netfilter", hosttest.Loadable, hosttest.Sysctl("net.bridge.bridge-nf-call-iptables", "0")))
		r.mustApply(engine.Done,
			step{"modules", func(v host.View) ([]steps.Op, error) { return planned(op.PlanModule(v, "br_netfilter")) }},
			wantSysctl("sysctl", "net.bridge.bridge-nf-call-iptables", "1"))
		if got, err := r.host.Sysctl("net.bridge.bridge-nf-call-iptables"); got != "1" || err != nil {
			t.Errorf("got sysctl %q, %v, want 1", got, err)
		}
	})

	t.Run("asks a step again that could not plan all at once", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, hosttest.Module("br_netfilter", hosttest.Loadable, hosttest.Sysctl("net.bridge.bridge-nf-call-iptables", "0")))
		r.mustApply(engine.Done, step{"both", func(v host.View) ([]steps.Op, error) {
			module, err := op.PlanModule(v, "br_netfilter")
			if err != nil || module != nil {
				return []steps.Op{module}, steps.Later("the keys come with the module")
			}
			return wantSysctl("both", "net.bridge.bridge-nf-call-iptables", "1").Plan(t.Context(), v)
		}})
		if got := passes(r); got != 1 {
			t.Errorf("got %d passes, want 1", got)
		}
	})

	t.Run("fails with a step's own words when what it waits for never comes", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		before := r.snapshot()
		result, err := r.apply(wantFile("a", "/etc/new/a", "a\n"), wantSysctl("sysctl", "net.bridge.bridge-nf-call-iptables", "1"))
		wantError(t, err, []error{engine.ErrRolledBack}, "step sysctl: net.bridge.bridge-nf-call-iptables comes with its module")
		if result.Outcome != engine.RolledBack {
			t.Errorf("got outcome %q, want rolled back", result.Outcome)
		}
		r.wantSnapshot(before, "after a wait in vain")
	})

	t.Run("goes through the steps again for work that a later step made", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.mustApply(engine.Done,
			step{"copy", func(v host.View) ([]steps.Op, error) {
				content, err := v.ReadFile("/etc/source")
				if err != nil {
					return nil, nil //nolint:nilerr // nothing to do before it is there
				}
				return wantFile("copy", "/etc/copy", string(content)).Plan(t.Context(), v)
			}},
			wantFile("source", "/etc/source", "text\n"))
		if got := r.host.Content("/etc/copy"); got != "text\n" || passes(r) != 2 {
			t.Errorf("got contents %q after %d passes, want %q after 2", got, passes(r), "text\n")
		}
	})

	t.Run("gives up on steps that fight, and names what is left", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, hosttest.File("/etc/x", "before\n"))
		before := r.snapshot()
		_, err := r.apply(wantFile("one", "/etc/x", "1\n"), wantFile("two", "/etc/x", "2\n"))
		wantError(t, err, []error{engine.ErrRolledBack}, "not as wished after 3 passes", "one wants update file:/etc/x")
		r.wantSnapshot(before, "after the steps fought")
		if got := passes(r); got != 3 {
			t.Errorf("got %d passes, want 3", got)
		}
	})

	t.Run("passes on the warnings of the last plan", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		result := r.mustApply(engine.Done, wantFile("a", "/etc/a", "a\n"), step{"w", func(v host.View) ([]steps.Op, error) {
			if _, err := v.Lstat("/etc/a"); err != nil {
				return nil, steps.Warning("too early")
			}
			return nil, steps.Warning("overridden")
		}})
		if diff := cmp.Diff([]engine.StepRemark{{Step: "w", Text: "overridden"}}, result.Warnings); diff != "" {
			t.Errorf("warnings differ (-want +got):\n%s", diff)
		}
	})
}

// passes counts how often the whole plan was gone through.
func passes(r *rig) int {
	n := 0
	for _, event := range r.events {
		if event.Kind == engine.Verifying {
			n++
		}
	}
	return n
}

func planned(o steps.Op, err error) ([]steps.Op, error) {
	if o == nil {
		return nil, err
	}
	return []steps.Op{o}, err
}

func TestApplyLogs(t *testing.T) {
	t.Parallel()
	core, logs := observer.New(zap.DebugLevel)
	r := newRig(t, service("a.service"), hosttest.OnJob("a.service", hosttest.JobFails("no such port")))
	r.adjust = func(c *engine.Config) { c.Logger = zap.New(core) }
	_, err := r.apply(always("files", secret("s3cret-contents")), wantActive("units", "a.service"))
	wantError(t, err, []error{engine.ErrRolledBack}, "no such port")

	var got []string
	for _, entry := range logs.All() {
		fields := entry.ContextMap()
		got = append(got, fmt.Sprintf("%s %s %v", entry.LoggerName, entry.Message, fields["key"]))
		if text := fmt.Sprint(entry.Message, fields); strings.Contains(text, "s3cret") {
			t.Errorf("log entry %q shows the contents of a file", text)
		}
		if strings.HasPrefix(entry.Message, "op ") && (fields["impact"] == nil || fields["run"] == nil) {
			t.Errorf("log entry %q lacks impact or run: %v", entry.Message, fields)
		}
		if ended := entry.Message == "op ended" || entry.Message == "op failed"; ended && fields["took"] == nil {
			t.Errorf("log entry %q lacks its duration: %v", entry.Message, fields)
		}
	}
	want := []string{
		"files op begins file:/etc/secret", "files op ended file:/etc/secret",
		"units op begins unit:a.service", "units op failed unit:a.service",
		" run goes back <nil>",
		"files op begins file:/etc/secret", "files op ended file:/etc/secret",
		"units op begins unit:a.service", "units op ended unit:a.service",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log differs (-want +got):\n%s", diff)
	}
}

func TestCeiling(t *testing.T) {
	t.Parallel()

	t.Run("does not begin a plan above it", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.opts.MaxImpact = steps.Reload
		before := r.host.Snapshot()
		_, err := r.apply(wantFile("a", "/etc/a", "a\n", restart("a.service")))
		wantError(t, err, []error{engine.ErrImpact}, "unit:a.service of step a costs Restart, and Reload is allowed")
		if diff := cmp.Diff(before, r.host.Snapshot()); diff != "" || r.outcomes() != "" {
			t.Errorf("got runs %q, want none, and the host untouched (-want +got):\n%s", r.outcomes(), diff)
		}
	})

	for name, late := range map[string]steps.Op{
		"an edit":    op.File{Path: "/etc/late", Attr: host.Attr{Mode: 0o644}, Cost: steps.Drain},
		"a deferred": op.Job{Unit: "a.service", Verb: host.JobRestart, Cost: steps.Drain},
	} {
		t.Run("goes back when "+name+" op that grew out of the run is above it", func(t *testing.T) {
			t.Parallel()
			r := newRig(t, service("a.service"), hosttest.Running("a.service"))
			r.opts.MaxImpact = steps.Restart
			before := r.snapshot()
			_, err := r.apply(wantFile("a", "/etc/new/a", "a\n"), step{"late", func(v host.View) ([]steps.Op, error) {
				if _, err := v.Lstat("/etc/new/a"); err != nil {
					return nil, nil //nolint:nilerr // nothing to do before it is there
				}
				return []steps.Op{late}, nil
			}})
			wantError(t, err, []error{engine.ErrImpact, engine.ErrRolledBack}, "costs Drain, and Restart is allowed")
			r.wantSnapshot(before, "after a plan that grew")
			if jobs := r.jobs(); len(jobs) > 0 {
				t.Errorf("got jobs %v, want none", jobs)
			}
		})
	}

	t.Run("lets an unfinished run wait when what it owes is above it", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, service("a.service"), hosttest.Running("a.service"))
		list := []steps.Step{wantFile("a", "/etc/a", "a\n", restart("a.service"))}
		r.killedInApply(at(engine.OpEnded, "file:/etc/a"), list...)
		r.opts.MaxImpact = steps.None
		_, err := r.apply(list...)
		wantError(t, err, []error{engine.ErrImpact})
		if got := r.outcomes(); got != "1 interrupted" {
			t.Errorf("got runs %q, want %q", got, "1 interrupted")
		}
		r.opts.MaxImpact = steps.Restart
		r.mustApply(engine.Done, list...)
	})
}
