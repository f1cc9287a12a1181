package host

import (
	"context"

	"github.com/godbus/dbus/v5"
)

// The objects of systemd's login manager, which knows who asked to be waited for before a shutdown (inhibitors);
// org.freedesktop.login1(5).
const (
	loginName   = "org.freedesktop.login1"
	loginObject = dbus.ObjectPath("/org/freedesktop/login1")
	loginReboot = "org.freedesktop.login1.Manager.Reboot"
)

// underWay is logind's answer while another shutdown is on its way.
const underWay = "org.freedesktop.login1.OperationInProgress"

// Reboot implements UnitWriter. Where there is no logind it starts the target that `systemctl reboot` starts; the
// manager's own Reboot would stop no service (org.freedesktop.systemd1(5)).
func (h *OS) Reboot(ctx context.Context) error {
	return h.ask(ctx, "reboot", busTimeout, func(ctx context.Context, m *manager) error {
		const interactive = false
		err := m.raw.Object(loginName, loginObject).CallWithContext(ctx, loginReboot, 0, interactive).Err
		switch {
		case err == nil, busErrorName(err) == underWay:
			return nil
		case !noLogin(err):
			return err
		}
		return m.call(ctx, "StartUnit", "reboot.target", "replace-irreversibly").Err
	})
}

// noLogin tells whether logind is not there to be asked: it is not installed, cannot be started, or we talk to systemd without a message
// bus, which then answers that it does not know the object.
func noLogin(err error) bool {
	switch busErrorName(err) {
	case "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner",
		"org.freedesktop.DBus.Error.UnknownObject", "org.freedesktop.DBus.Error.UnknownMethod", "org.freedesktop.DBus.Error.UnknownInterface",
		"org.freedesktop.systemd1.NoSuchUnit", "org.freedesktop.systemd1.UnitMasked", "org.freedesktop.systemd1.LoadFailed":
		return true
	}
	return false
}
