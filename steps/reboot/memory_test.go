package reboot

import (
	"context"
	"errors"
	"testing"

	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

func TestTheCommandRunsOnceUntilPackagesOrTheBootChange(t *testing.T) {
	asked := 0
	needs := func(*hosttest.Fake, host.Command) (host.Output, error) {
		asked++
		return host.Output{Stdout: []byte("Core libraries or services have been updated:\n  * glibc\n")}, &host.CommandError{ExitCode: 1}
	}
	f := hosttest.New(hosttest.File("/var/lib/rpm/rpmdb.sqlite", "one"), hosttest.Handle("needs-restarting", needs))
	signs := Signs{Query: []string{"needs-restarting", "-r"}}
	look := func(want int, after string) {
		t.Helper()
		for range 2 {
			reason, err := signs.askOnce(t.Context(), host.Snapshot(f))
			if err != nil || reason != "needs-restarting -r names glibc" {
				t.Fatalf("got %q, %v, want glibc named", reason, err)
			}
		}
		if asked != want {
			t.Errorf("got %d calls after %s, want %d", asked, after, want)
		}
	}
	look(1, "two looks")
	f.Change(hosttest.File("/var/lib/rpm/rpmdb.sqlite", "another"))
	look(2, "a package came")
	if err := f.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	look(3, "a reboot")
}

func TestAnAnswerThatWasNoneIsAskedForAgain(t *testing.T) {
	t.Parallel()
	asked := 0
	f := hosttest.New(hosttest.File("/var/lib/rpm/rpmdb.sqlite", "one"), hosttest.Handle("needs-restarting", func(*hosttest.Fake, host.Command) (host.Output, error) {
		asked++
		return host.Output{}, errors.New("no such file")
	}))
	for range 2 {
		if _, err := (Signs{Query: []string{"needs-restarting", "-r"}}).askOnce(context.Background(), f); err == nil {
			t.Error("got no remark, want it said that nothing is known")
		}
	}
	if asked != 2 {
		t.Errorf("got %d calls, want 2", asked)
	}
}
