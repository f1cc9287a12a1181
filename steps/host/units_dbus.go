package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"github.com/hostler-dev/hostler/steps/host/unitfiles"
)

// Unit implements Units.
func (h *OS) Unit(ctx context.Context, name string) (Unit, error) {
	if h.image {
		return h.unitOnDisk(name)
	}
	unit := Unit{Name: name}
	err := h.ask(ctx, "looking at unit "+strconv.Quote(name), busTimeout, func(ctx context.Context, m *manager) error {
		answers, err := m.askAbout(ctx, name)
		if err != nil {
			return err
		}
		unit.UnitFileState = answers.fileState
		if answers.atRest != "" {
			unit.rest(answers.atRest)
			return nil
		}
		unit.fill(answers.common)
		if unit.LoadState != "loaded" {
			return nil
		}
		unit.fillService(answers.service)
		if !unit.NeedDaemonReload {
			unit.NeedDaemonReload, err = h.hasUnseenDropIn(name, answers.common["DropInPaths"])
		}
		return err
	})
	return unit, err
}

// rest fills in what systemd says about a unit that it loads only to answer.
func (u *Unit) rest(loadState string) {
	u.LoadState, u.ActiveState, u.SubState = loadState, "inactive", "dead"
	if loadState == "loaded" && strings.HasSuffix(u.Name, ".service") {
		u.Result = "success"
	}
}

// fill takes over properties of org.freedesktop.systemd1.Unit.
func (u *Unit) fill(properties map[string]dbus.Variant) {
	set(&u.LoadState, properties["LoadState"])
	set(&u.ActiveState, properties["ActiveState"])
	set(&u.SubState, properties["SubState"])
	set(&u.NeedDaemonReload, properties["NeedDaemonReload"])
	var microseconds uint64
	set(&microseconds, properties["ActiveEnterTimestamp"])
	// systemd keeps the time of the last activation; it is of interest only while
	// the unit is active.
	if microseconds > 0 && u.Active() {
		u.ActiveSince = time.UnixMicro(int64(microseconds))
	}
}

// hasUnseenDropIn tells whether there are drop-ins of the administrator's that
// systemd has not read. Its own NeedDaemonReload overlooks the first drop-in of
// a unit: it looks only into folders that were there at the last reload (seen
// with systemd 252).
func (h *OS) hasUnseenDropIn(name string, dropInPaths dbus.Variant) (bool, error) {
	var read []string
	set(&read, dropInPaths)
	folder := path.Join(unitfiles.Config, name+".d")
	names, err := h.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	unseen := func(name string) bool {
		return strings.HasSuffix(name, ".conf") && !slices.Contains(read, path.Join(folder, name))
	}
	return slices.ContainsFunc(names, unseen), err
}

// set stores a property if it has the type that it should.
func set[T any](field *T, property dbus.Variant) {
	if value, ok := property.Value().(T); ok {
		*field = value
	}
}

// fillService takes over what only services have.
func (u *Unit) fillService(properties map[string]dbus.Variant) {
	var pid, restarts uint32
	set(&u.Result, properties["Result"])
	set(&pid, properties["MainPID"])
	set(&restarts, properties["NRestarts"])
	u.MainPID, u.Restarts = int(pid), int(restarts)
}

// UnitsLike implements Units.
func (h *OS) UnitsLike(ctx context.Context, pattern string) ([]Unit, error) {
	var names []string
	err := h.ask(ctx, "listing units like "+strconv.Quote(pattern), busTimeout, func(ctx context.Context, m *manager) error {
		listed, err := m.ListUnitsByPatternsContext(ctx, nil, []string{pattern})
		for _, unit := range listed {
			// Units that others name but nobody has are listed too.
			if unit.LoadState != "not-found" || unit.ActiveState == "active" {
				names = append(names, unit.Name)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	units := make([]Unit, 0, len(names))
	for _, name := range names {
		unit, err := h.Unit(ctx, name)
		if err != nil {
			return nil, err
		}
		units = append(units, unit)
	}
	return units, nil
}

// UnitLog implements Units.
func (h *OS) UnitLog(ctx context.Context, name string, lines int) ([]string, error) {
	if err := h.live("reading the log of " + strconv.Quote(name)); err != nil {
		return nil, err
	}
	// journald reads its sockets when it gets to it: right after a unit failed, the
	// lines that say why may still be on their way. Versions before 228 know no
	// --sync; their log is taken as it is.
	_, _ = h.Query(ctx, Command{Argv: []string{"journalctl", "--sync"}, Timeout: 5 * time.Second})
	out, err := h.Query(ctx, Command{
		Argv:    []string{"journalctl", "-u", name, "-n", strconv.Itoa(lines), "-o", "cat", "--no-pager"},
		Timeout: 10 * time.Second,
	})
	if err != nil {
		return nil, fmt.Errorf("reading the log of %q: %w", name, err)
	}
	text := strings.TrimRight(string(out.Stdout), "\n")
	if text == "" || text == "-- No entries --" {
		return nil, nil
	}
	return strings.Split(text, "\n"), nil
}

// DaemonReload implements UnitWriter.
func (h *OS) DaemonReload(ctx context.Context) error {
	return h.ask(ctx, "daemon-reload", reloadTimeout, func(ctx context.Context, m *manager) error {
		return m.ReloadContext(ctx)
	})
}

// SetUnitFileState implements UnitWriter.
func (h *OS) SetUnitFileState(ctx context.Context, name, state string) error {
	if h.image {
		return unitfiles.SetState(unitTree{h}, name, state)
	}
	edit, ok := map[string]func(context.Context, *manager, string) error{
		unitfiles.Enabled: enableUnit, unitfiles.Disabled: disableUnit, unitfiles.Masked: maskUnit,
	}[state]
	if !ok {
		return fmt.Errorf("unit file state %q of %q: want enabled, disabled or masked: %w", state, name, fs.ErrInvalid)
	}
	act := fmt.Sprintf("making unit %q %s", name, state)
	return h.ask(ctx, act, busTimeout, func(ctx context.Context, m *manager) error { return edit(ctx, m, name) })
}

func maskUnit(ctx context.Context, m *manager, name string) error {
	_, err := m.MaskUnitFilesContext(ctx, []string{name}, false, false)
	return err
}

func enableUnit(ctx context.Context, m *manager, name string) error {
	if _, err := m.UnmaskUnitFilesContext(ctx, []string{name}, false); err != nil {
		return err
	}
	hasInstall, _, err := m.EnableUnitFilesContext(ctx, []string{name}, false, false)
	if err == nil && !hasInstall {
		return fmt.Errorf("its unit file has no [Install] section, so nothing starts it at boot; "+
			"leave it as it is (static) or give it one: %w", fs.ErrInvalid)
	}
	return err
}

func disableUnit(ctx context.Context, m *manager, name string) error {
	if _, err := m.UnmaskUnitFilesContext(ctx, []string{name}, false); err != nil {
		return err
	}
	_, err := m.DisableUnitFilesContext(ctx, []string{name}, false)
	if errors.Is(busError(ctx, err), fs.ErrNotExist) { // a unit that was masked only
		return nil
	}
	return err
}

// unitOnDisk is what can be told about a unit that does not run.
func (h *OS) unitOnDisk(name string) (Unit, error) {
	state, err := unitfiles.State(unitTree{h}, name)
	return Unit{Name: name, UnitFileState: state}, err
}
