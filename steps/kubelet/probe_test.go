package kubelet

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

// unitView answers for the unit, which the fake host cannot make restart by itself.
type unitView struct {
	*hosttest.Fake
	unit host.Unit
}

func (v unitView) Unit(context.Context, string) (host.Unit, error) { return v.unit, nil }

// configuredHost has a kubelet that somebody has configured.
func configuredHost(t *testing.T, more ...hosttest.Option) *hosttest.Fake {
	t.Helper()
	return bare(t, append([]hosttest.Option{
		hosttest.UnitFile(UnitName, unitFile), hosttest.File(ConfigPath, "kind: KubeletConfiguration\n"),
		hosttest.Log(UnitName, "the last line"),
	}, more...)...)
}

func TestHealthz(t *testing.T) {
	t.Parallel()
	answer := func(status int, body string) *httptest.Server {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}))
		t.Cleanup(server.Close)
		return server
	}
	gone := answer(http.StatusOK, "ok")
	gone.Close()
	for name, c := range map[string]struct{ url, want string }{
		"well":       {answer(http.StatusOK, "ok").URL, ""},
		"not well":   {answer(http.StatusInternalServerError, "[-]syncloop failed: reason withheld\n").URL, "500 Internal Server Error: [-]syncloop failed"},
		"no kubelet": {gone.URL, "does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := Healthz{URL: c.url}.Check(t.Context(), configuredHost(t))
			if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestRunning(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	active := host.Unit{LoadState: "loaded", ActiveState: "active", Result: "success", ActiveSince: now.Add(-5 * time.Second)}
	with := func(mutate func(*host.Unit)) host.Unit { u := active; mutate(&u); return u }
	for name, c := range map[string]struct {
		unit host.Unit
		want string
	}{
		"just started":               {active, ""},
		"restarted long ago":         {with(func(u *host.Unit) { u.Restarts, u.ActiveSince = 3, now.Add(-time.Minute) }), ""},
		"restarted a moment ago":     {with(func(u *host.Unit) { u.Restarts = 3 }), "after 3 restarts by itself; its last log lines:\n  the last line"},
		"waiting for the next start": {with(func(u *host.Unit) { u.ActiveState, u.SubState, u.Result = "activating", "auto-restart", "exit-code" }), "is activating (auto-restart), its last result exit-code"},
		"failed":                     {with(func(u *host.Unit) { u.ActiveState = "failed" }), "the last line"},
	} {
		err := Running{Now: func() time.Time { return now }}.Check(t.Context(), unitView{configuredHost(t), c.unit})
		if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

func TestProbesHaveNothingToJudge(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]*hosttest.Fake{
		"without the package":          bare(t),
		"before it is configured":      configuredHost(t, hosttest.Absent(ConfigPath)),
		"in an image":                  configuredHost(t, hosttest.Image()),
		"of a package that was purged": configuredHost(t, hosttest.Absent("/usr/lib/systemd/system/"+UnitName)),
	} {
		for _, probe := range []steps.Probe{Healthz{}, Running{}, Configz{}} {
			if err := probe.Check(t.Context(), f); !errors.Is(err, steps.ErrAbsent) {
				t.Errorf("%s, %s: got %v, want ErrAbsent", name, probe.Name(), err)
			}
		}
	}
}
