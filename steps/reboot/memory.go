package reboot

import (
	"context"
	"strings"
	"sync"

	"github.com/hostler-dev/hostler/distros/pkgmgr"
	"github.com/hostler-dev/hostler/steps/host"
)

// The distribution's command starts an interpreter and takes the better part of a
// second, and a converged host is planned for every few minutes. It compares what is
// installed with the time of the boot, so its answer holds for as long as neither changes.
var lastAnswer memory

// question is what an answer depends on.
type question struct {
	host              host.View
	line, boot, stamp string
}

type memory struct {
	mu     sync.Mutex
	of     question
	reason string
}

// askOnce asks, unless the answer is known.
func (s Signs) askOnce(ctx context.Context, v host.View) (string, error) {
	if len(s.Query) == 0 {
		return "", nil
	}
	of, known := s.question(v)
	if !known {
		return s.ask(ctx, v)
	}
	lastAnswer.mu.Lock()
	answered, reason := lastAnswer.of == of, lastAnswer.reason
	lastAnswer.mu.Unlock()
	if answered {
		return reason, nil
	}
	reason, err := s.ask(ctx, v)
	if err != nil {
		return reason, err // also a warning: it is asked again
	}
	lastAnswer.mu.Lock()
	lastAnswer.of, lastAnswer.reason = of, reason
	lastAnswer.mu.Unlock()
	return reason, nil
}

// question is false where what it depends on cannot be told.
func (s Signs) question(v host.View) (question, bool) {
	stamp, err := pkgmgr.RPMStamp(v)
	if err != nil {
		return question{}, false
	}
	boot, err := v.BootID()
	if err != nil {
		return question{}, false
	}
	return question{host.Origin(v), strings.Join(s.Query, " "), boot, stamp}, true
}
