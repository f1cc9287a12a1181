package reboot

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
)

// Kinds are the ops of this package by their names in journals.
func Kinds() map[string]steps.Op { return map[string]steps.Op{"reboot": Restart{}} }

// Restart restarts the machine, unless it has been restarted since it was planned.
type Restart struct {
	// BootID is that of the boot that is to end.
	BootID string `json:"bootID"`
	// Why are the reasons, a sentence each.
	Why []string `json:"why"`
	// Signs are looked at again after the restart.
	Signs Signs `json:"signs,omitzero"`
}

// Key is the same for all.
func (o Restart) Key() string { return "machine:reboot" }

// Impact is Reboot.
func (o Restart) Impact() steps.Impact { return steps.Reboot }

// Diff gives the reasons.
func (o Restart) Diff() steps.Diff {
	return steps.Diff{Action: "reboot", Notes: o.Why, Irreversible: "a restart leaves nothing to take back; what comes before it in the run can be taken back"}
}

// Stage is RestartMachine.
func (o Restart) Stage() steps.Stage { return steps.RestartMachine }

// Merge keeps the boot of who asked first: after a restart the step asks again for a reason that stayed, and Do, which sees
// that there was one, must note that before anybody asks anew.
func (o Restart) Merge(other steps.Op) (steps.Op, error) {
	if _, ok := other.(Restart); !ok {
		return nil, fmt.Errorf("%s cannot be merged with %s", o.Key(), other.Key())
	}
	return o, nil
}

// Inverse is nil; see Diff.
func (o Restart) Inverse(context.Context, host.View) (steps.Op, error) { return nil, nil }

// lookInterval is how often a host that is told to restart is looked at, and tellInterval how often the wait is explained.
const (
	lookInterval = time.Second
	tellInterval = 30 * time.Second
)

// Do asks for the restart and waits for the end of this process, which is steps.ErrRestarting. A process outside of
// the machine sees the new boot instead. In the next boot there is nothing to do but to note what the restart was good for.
func (o Restart) Do(ctx context.Context, h host.Host) error {
	boot, err := h.BootID()
	switch {
	case err != nil:
		return err
	case boot != o.BootID:
		return o.note(ctx, h, boot)
	}
	if err := h.Reboot(ctx); err != nil {
		return err
	}
	return o.await(ctx, h)
}

func (o Restart) await(ctx context.Context, h host.Host) error {
	look, tell := time.NewTicker(lookInterval), time.NewTicker(tellInterval)
	defer look.Stop()
	defer tell.Stop()
	host.Progress(ctx, "the machine restarts")
	for {
		if boot, err := h.BootID(); err == nil && boot != o.BootID {
			return o.note(ctx, h, boot)
		}
		select {
		case <-host.Stopping(ctx):
			return steps.ErrRestarting
		case <-ctx.Done():
			return fmt.Errorf("the machine accepted a restart and is still up: %w; %s", ctx.Err(), holders(context.WithoutCancel(ctx), h))
		case <-tell.C:
			host.Progress(ctx, "the machine was told to restart, and is still up; "+holders(ctx, h))
		case <-look.C:
		}
	}
}

// holders tells who may keep a machine up that was told to restart.
func holders(ctx context.Context, v host.View) string {
	const hint = "see systemctl list-jobs and systemd-inhibit --list"
	out, err := v.Query(ctx, host.Command{Argv: []string{"systemd-inhibit", "--list"}, Timeout: 10 * time.Second})
	text := strings.TrimSpace(string(out.Stdout))
	if err != nil || text == "" {
		return hint
	}
	return hint + ", which says:\n" + text
}

// note writes down which reasons the restart did not do away with, so that they are no reason for another.
func (o Restart) note(ctx context.Context, h host.Host, boot string) error {
	left, err := o.Signs.find(ctx, h)
	if _, failure := steps.Split(err); failure != nil {
		return fmt.Errorf("looking whether the restart was enough: %w", failure)
	}
	return stamp{Boot: boot, Stayed: left}.write(h)
}
