package host_test

import (
	"errors"
	"io/fs"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/hostler-dev/hostler/steps/host"
)

func TestExplainNamesActPathAndWayOutOnce(t *testing.T) {
	t.Parallel()
	cause := &fs.PathError{Op: "open", Path: "/var/lib/hostler/lock", Err: unix.EROFS}
	err := host.Explain("opening the lock", "/var/lib/hostler/lock", cause)
	const want = `opening the lock "/var/lib/hostler/lock": read-only file system; ` +
		`its file system is mounted read-only; find out why (dmesg), then mount -o remount,rw`
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
	if !errors.Is(err, unix.EROFS) {
		t.Errorf("got an error that is not EROFS: %v", err)
	}
}
