package firewall

import (
	"context"
	"fmt"
	"strings"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// ufwConf says whether ufw's rules are loaded, now and at boot.
const ufwConf = "/etc/ufw/ufw.conf"

// UFW switches ufw on or off by its own command, which loads or unloads the rules.
type UFW struct {
	On bool `json:"on"`
	// Conf is how ufw.conf ends up, byte for byte, where ufw would write it otherwise:
	// set in inverses only.
	Conf *op.Restore  `json:"conf,omitempty"`
	Cost steps.Impact `json:"cost"`
}

// Kinds are the ops of this package by their names in journals.
func Kinds() map[string]steps.Op { return map[string]steps.Op{"ufw": UFW{}} }

// planUFW returns the op that switches ufw off, or nil. In an image nothing is
// loaded, so the file is all.
func planUFW(v host.View) (steps.Op, error) {
	on, err := ufwIsOn(v)
	if err != nil || !on {
		return nil, err
	}
	if v.Live() {
		cost := steps.Restart
		flushes, err := ufwFlushes(v)
		if flushes {
			cost = steps.Drain
		}
		return UFW{Cost: cost}, err
	}
	content, err := v.ReadFile(ufwConf)
	if err != nil {
		return nil, err
	}
	info, err := v.Lstat(ufwConf)
	if err != nil {
		return nil, err
	}
	return op.PlanFile(v, op.FileWish{Path: ufwConf, Content: withoutUFW(content), Attr: info.Attr()})
}

func ufwIsOn(v host.Files) (bool, error) {
	settings, err := readSettings(v, ufwConf)
	return strings.EqualFold(settings["ENABLED"], "yes"), err
}

// Key is that of ufw's configuration.
func (o UFW) Key() string { return "ufw:" + ufwConf }

// Impact is what the rules cost that go along.
func (o UFW) Impact() steps.Impact { return o.Cost }

// Diff says on or off.
func (o UFW) Diff() steps.Diff {
	diff := steps.Diff{Action: "disable", From: "ENABLED=yes", To: "ENABLED=no"}
	if o.On {
		diff = steps.Diff{Action: "enable", From: "ENABLED=no", To: "ENABLED=yes"}
	}
	if o.Cost >= steps.Drain {
		diff.Notes = []string{"ufw manages the built-in chains (MANAGE_BUILTINS=yes), so it takes the rules of pods along"}
	}
	return diff
}

// Inverse brings ufw to its state of now, and its file to its bytes of now.
func (o UFW) Inverse(ctx context.Context, v host.View) (steps.Op, error) {
	on, err := ufwIsOn(v)
	if err != nil {
		return nil, err
	}
	back, err := op.File{Path: ufwConf, Cost: o.Cost}.Inverse(ctx, v)
	if err != nil {
		return nil, err
	}
	restore, is := back.(op.Restore)
	if !is {
		return nil, fmt.Errorf("%s is no regular file, so ufw cannot be given back: %w", ufwConf, host.ErrNotRegular)
	}
	return UFW{On: on, Conf: &restore, Cost: o.Cost}, nil
}

// Do runs ufw. --force leaves out the question whether SSH may break: the rules that
// come back are those that were there.
func (o UFW) Do(ctx context.Context, h host.Host) error {
	argv := []string{"ufw", "disable"}
	if o.On {
		argv = []string{"ufw", "--force", "enable"}
	}
	if _, err := h.Keep(ufwConf); err != nil {
		return err
	}
	if _, err := h.Run(ctx, host.Command{Argv: argv}); err != nil {
		return err
	}
	if o.Conf == nil {
		return nil
	}
	return o.Conf.Do(ctx, h)
}
