package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"sync"
	"time"

	systemd "github.com/coreos/go-systemd/v22/dbus"
	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"
)

// The sockets that systemd answers on, best first: through the message bus,
// where policy lets everybody read, or directly, for root only.
const (
	systemBus     = "/run/dbus/system_bus_socket"
	privateSocket = "/run/systemd/private"
)

const (
	// busTimeout bounds a question to systemd. PID 1 answers nobody while it
	// reloads, which takes half a minute on hosts with many thousand units.
	busTimeout = time.Minute
	// reloadTimeout bounds a daemon-reload.
	reloadTimeout = 3 * time.Minute
)

// busHolder holds the one connection to systemd, made when it is first needed
// and again when it broke (dbus-daemon was restarted).
type busHolder struct {
	mu   sync.Mutex
	conn *manager
}

// manager is systemd behind a connection. raw is for calls that package dbus
// does not have.
type manager struct {
	*systemd.Conn
	raw *dbus.Conn
}

func (b *busHolder) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.conn != nil {
		b.conn.Close()
		b.conn = nil
	}
}

// systemd returns the connection.
func (h *OS) systemd() (*manager, error) {
	h.bus.mu.Lock()
	defer h.bus.mu.Unlock()
	if h.bus.conn != nil && h.bus.conn.Connected() {
		return h.bus.conn, nil
	}
	if h.bus.conn != nil {
		h.bus.conn.Close()
		h.bus.conn = nil
	}
	viaBus, err := h.dial(systemBus, (*dbus.Conn).Hello)
	if err == nil {
		h.bus.conn = viaBus
		return viaBus, nil
	}
	direct, directErr := h.dial(privateSocket, nil)
	if directErr != nil {
		return nil, fmt.Errorf("connecting to systemd (is it running here?): %w", errors.Join(err, directErr))
	}
	h.bus.conn = direct
	return direct, nil
}

// dial connects to a socket under the root. hello introduces us to a message
// bus; systemd itself wants none.
func (h *OS) dial(socket string, hello func(*dbus.Conn) error) (*manager, error) {
	// The descriptor finds the socket inside the root, and its name in /proc is
	// short enough for a socket address, which a deep root may not be.
	fd, err := h.openPath("connecting to", socket, unix.O_PATH)
	if err != nil {
		return nil, err
	}
	defer func() { _ = unix.Close(fd) }()
	m := &manager{}
	m.Conn, err = systemd.NewConnection(func() (*dbus.Conn, error) {
		if m.raw != nil {
			// It wants a second one for signals. They are queued apart from answers, so
			// one does for both, and greeting takes longer than most plans ask.
			return m.raw, nil
		}
		var err error
		m.raw, err = dialAndGreet("unix:path="+procPath(fd), hello)
		return m.raw, err
	})
	if err != nil {
		return nil, explain("connecting to", socket, err)
	}
	return m, nil
}

func dialAndGreet(address string, hello func(*dbus.Conn) error) (*dbus.Conn, error) {
	conn, err := dbus.Dial(address)
	if err != nil {
		return nil, err
	}
	err = conn.Auth([]dbus.Auth{dbus.AuthExternal(strconv.Itoa(os.Getuid()))})
	if err == nil && hello != nil {
		err = hello(conn)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// start sends a call of a method of systemd's manager; its Done tells when the answer is there.
func (m *manager) start(ctx context.Context, method string, args ...any) *dbus.Call {
	object := m.raw.Object("org.freedesktop.systemd1", "/org/freedesktop/systemd1")
	return object.GoWithContext(ctx, "org.freedesktop.systemd1.Manager."+method, 0, nil, args...)
}

// call calls a method of systemd's manager.
func (m *manager) call(ctx context.Context, method string, args ...any) *dbus.Call {
	return <-m.start(ctx, method, args...).Done
}

// ask runs a question to systemd with a deadline and names it in errors.
func (h *OS) ask(ctx context.Context, act string, limit time.Duration, question func(context.Context, *manager) error) error {
	if err := h.live(act); err != nil {
		return err
	}
	m, err := h.systemd()
	if err != nil {
		return fmt.Errorf("%s: %w", act, err)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := question(ctx, m); err != nil {
		return fmt.Errorf("%s: %w", act, busError(ctx, err))
	}
	return nil
}

// busErrors pairs the names of systemd's errors with ours.
var busErrors = map[string]error{
	"org.freedesktop.DBus.Error.FileNotFound":                     fs.ErrNotExist,
	"org.freedesktop.DBus.Error.FileExists":                       fs.ErrExist,
	"org.freedesktop.DBus.Error.InvalidArgs":                      fs.ErrInvalid,
	"org.freedesktop.DBus.Error.AccessDenied":                     fs.ErrPermission,
	"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired": fs.ErrPermission,
	"org.freedesktop.systemd1.NoSuchUnit":                         fs.ErrNotExist,
	"org.freedesktop.systemd1.UnitExists":                         fs.ErrExist,
}

// busError makes systemd's errors testable with errors.Is.
func busError(ctx context.Context, err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%w: systemd does not answer: %w", ErrTimeout, err)
	}
	known := busErrors[busErrorName(err)]
	switch {
	case known == nil:
		return err
	case errors.Is(known, fs.ErrPermission):
		return fmt.Errorf("%w: %w; root rights are needed", err, known)
	}
	return fmt.Errorf("%w: %w", err, known)
}

// busErrorName is the name of an error that came over D-Bus, or empty.
func busErrorName(err error) string {
	var reply dbus.Error
	if errors.As(err, &reply) {
		return reply.Name
	}
	var pointer *dbus.Error
	if errors.As(err, &pointer) {
		return pointer.Name
	}
	return ""
}
