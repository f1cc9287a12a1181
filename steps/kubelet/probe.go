package kubelet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// HealthzURL is where the kubelet says whether it is well. Address and port are
// its defaults, which config.OwnedFields keeps.
const HealthzURL = "http://127.0.0.1:10248/healthz"

// Healthz is the probe "kubelet /healthz".
type Healthz struct {
	// Client is http.DefaultClient when nil.
	Client *http.Client
	// URL is HealthzURL when empty.
	URL string
}

// Name is "kubelet /healthz".
func (p Healthz) Name() string { return "kubelet /healthz" }

// Check asks the kubelet.
func (p Healthz) Check(ctx context.Context, v host.View) error {
	if _, err := configured(ctx, v); err != nil {
		return err
	}
	url := p.URL
	if url == "" {
		url = HealthzURL
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	client := p.Client
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("the kubelet does not answer: %w", err)
	}
	defer response.Body.Close()
	// What is wrong is in the first lines; the rest could be anything.
	body, err := io.ReadAll(io.LimitReader(response.Body, 1024))
	if err != nil {
		return fmt.Errorf("reading the kubelet's answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the kubelet answers %s: %s", response.Status, strings.TrimSpace(string(body)))
	}
	return nil
}

// settleTime is how long a kubelet that had to be restarted by systemd must
// run before it counts as well: longer than the RestartSec=10 of its unit.
const settleTime = 20 * time.Second

// Running is the probe "kubelet.service": active, and staying so.
type Running struct {
	// Now is the time; nil: time.Now.
	Now func() time.Time
}

// Name is the unit's.
func (p Running) Name() string { return UnitName }

// Check reads the unit, and its last log lines where it is not well.
func (p Running) Check(ctx context.Context, v host.View) error {
	unit, err := configured(ctx, v)
	if err != nil {
		return err
	}
	now := time.Now
	if p.Now != nil {
		now = p.Now
	}
	switch {
	case !unit.Active():
		return withLog(ctx, v, fmt.Errorf("%s is %s (%s), its last result %s", UnitName, unit.ActiveState, unit.SubState, unit.Result))
	case unit.Restarts > 0 && now().Sub(unit.ActiveSince) < settleTime:
		return withLog(ctx, v, fmt.Errorf("%s runs for less than %s after %d restarts by itself", UnitName, settleTime, unit.Restarts))
	}
	return nil
}

const logLines = 10

func withLog(ctx context.Context, v host.View, cause error) error {
	lines, err := v.UnitLog(ctx, UnitName, logLines)
	if err != nil {
		return errors.Join(cause, err)
	}
	if len(lines) == 0 {
		return cause
	}
	return fmt.Errorf("%w; its last log lines:\n  %s", cause, strings.Join(lines, "\n  "))
}

// configured returns the unit, or ErrAbsent where there is nothing to judge: no
// unit, or one that nobody has configured. A package may start such a kubelet,
// which then ends again and again, and that is nobody's fault.
func configured(ctx context.Context, v host.View) (host.Unit, error) {
	if !v.Live() {
		return host.Unit{}, steps.ErrAbsent
	}
	unit, err := v.Unit(ctx, UnitName)
	if err != nil {
		return unit, err
	}
	there, err := exists(v, ConfigPath)
	if err != nil {
		return unit, err
	}
	if !unit.Exists() || !there {
		return unit, steps.ErrAbsent
	}
	return unit, nil
}
