package host

import (
	"context"
	"errors"
	"fmt"
	"strings"

	systemd "github.com/coreos/go-systemd/v22/dbus"
	"github.com/godbus/dbus/v5"
)

// unitAnswers is what systemd says about a unit.
type unitAnswers struct {
	common    map[string]dbus.Variant // properties of org.freedesktop.systemd1.Unit
	service   map[string]dbus.Variant // serviceProperties; of loaded services only
	fileState string                  // empty: no unit file
}

// serviceProperties are asked for one by one: all of a service's properties are
// several hundred.
var serviceProperties = []string{"Result", "MainPID", "NRestarts"}

// askAbout sends all questions that do not hang on an answer before it waits for the
// first. Package dbus of go-systemd would wait for each, and copy each of a
// unit's hundred properties twice.
func (m *manager) askAbout(ctx context.Context, name string) (unitAnswers, error) {
	unit := m.raw.Object("org.freedesktop.systemd1", dbus.ObjectPath("/org/freedesktop/systemd1/unit/"+systemd.PathBusEscape(name)))
	common := unit.GoWithContext(ctx, "org.freedesktop.DBus.Properties.GetAll", 0, nil, "org.freedesktop.systemd1.Unit")
	fileState := m.start(ctx, "GetUnitFileState", name)
	var answers unitAnswers
	if err := errors.Join(take(&answers.common, common), takeFileState(&answers.fileState, fileState)); err != nil {
		return unitAnswers{}, err
	}
	var state string
	set(&state, answers.common["LoadState"])
	if state != "loaded" || !strings.HasSuffix(name, ".service") {
		return answers, nil
	}
	var err error
	answers.service, err = askService(ctx, unit)
	return answers, err
}

func askService(ctx context.Context, unit dbus.BusObject) (map[string]dbus.Variant, error) {
	calls := make([]*dbus.Call, len(serviceProperties))
	for i, property := range serviceProperties {
		calls[i] = unit.GoWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0, nil, "org.freedesktop.systemd1.Service", property)
	}
	answers := make(map[string]dbus.Variant, len(calls))
	var errs []error
	for i, call := range calls {
		var value dbus.Variant
		errs = append(errs, take(&value, call))
		answers[serviceProperties[i]] = value
	}
	return answers, errors.Join(errs...)
}

// take waits for an answer that is one value.
func take[T any](value *T, call *dbus.Call) error {
	answered := <-call.Done
	if answered.Err != nil {
		return answered.Err
	}
	if len(answered.Body) == 1 {
		if answer, ok := answered.Body[0].(T); ok {
			*value = answer
			return nil
		}
	}
	return fmt.Errorf("systemd answers %s with %q, which has another type than it should", answered.Method, answered.Body)
}

// takeFileState takes the state of a unit file on disk. The property of the same
// name may be older than the last change.
func takeFileState(state *string, call *dbus.Call) error {
	err := take(state, call)
	switch busErrorName(err) {
	case "org.freedesktop.DBus.Error.FileNotFound", "org.freedesktop.systemd1.NoSuchUnit":
		return nil
	}
	return err
}
