package host

import (
	"context"
	"errors"
	"fmt"
	"strings"

	systemd "github.com/coreos/go-systemd/v22/dbus"
	"github.com/godbus/dbus/v5"
)

// The methods for properties.
const (
	get    = "org.freedesktop.DBus.Properties.Get"
	getAll = "org.freedesktop.DBus.Properties.GetAll"
)

// unitAnswers is what systemd says about a unit.
type unitAnswers struct {
	fileState string                  // empty: no unit file
	atRest    string                  // LoadState of a unit that systemd does not keep loaded; there is nothing else to say
	common    map[string]dbus.Variant // properties of org.freedesktop.systemd1.Unit
	service   map[string]dbus.Variant // serviceProperties; of loaded services only
}

// serviceProperties are asked for one by one: all of a service's properties are
// several hundred.
var serviceProperties = []string{"Result", "MainPID", "NRestarts"}

// askAbout asks about a unit.
func (m *manager) askAbout(ctx context.Context, name string) (unitAnswers, error) {
	// Both are sent before the first answer is waited for.
	loaded, fileState := m.start(ctx, "GetUnit", name), m.start(ctx, "GetUnitFileState", name)
	path := dbus.ObjectPath("/org/freedesktop/systemd1/unit/" + systemd.PathBusEscape(name))
	notLoaded := busErrorName(take(&path, loaded)) == "org.freedesktop.systemd1.NoSuchUnit"
	var answers unitAnswers
	if err := takeFileState(&answers.fileState, fileState); err != nil {
		return unitAnswers{}, err
	}
	unit := m.raw.Object("org.freedesktop.systemd1", path)
	if notLoaded {
		if answers.atRest = restingState(ctx, unit, answers.fileState); answers.atRest != "" {
			return answers, nil
		}
	}
	// Package dbus of go-systemd would copy each of a unit's hundred properties twice.
	common := unit.GoWithContext(ctx, getAll, 0, nil, "org.freedesktop.systemd1.Unit")
	if err := take(&answers.common, common); err != nil {
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

// restingState returns the LoadState of a unit that is not loaded, or nothing where
// systemd has to look. What is not loaded does nothing, and to ask for its
// properties would make systemd read it with all that it triggers, which takes some
// 10 ms, and forget it right after the answer. It is in systemd's words that
// a unit without a file does not exist: of some types there are such units.
func restingState(ctx context.Context, unit dbus.BusObject, fileState string) string {
	switch fileState {
	case "bad", "alias": // an alias may be that of a loaded unit
		return ""
	case "masked", "masked-runtime":
		return "masked"
	case "":
		var state dbus.Variant
		_ = take(&state, unit.GoWithContext(ctx, get, 0, nil, "org.freedesktop.systemd1.Unit", "LoadState"))
		if state.Value() != "not-found" {
			return ""
		}
		return "not-found"
	default:
		return "loaded"
	}
}

func askService(ctx context.Context, unit dbus.BusObject) (map[string]dbus.Variant, error) {
	calls := make([]*dbus.Call, len(serviceProperties))
	for i, property := range serviceProperties {
		calls[i] = unit.GoWithContext(ctx, get, 0, nil, "org.freedesktop.systemd1.Service", property)
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
