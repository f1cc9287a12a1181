package node

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"go.uber.org/zap"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/render"
	"github.com/hostler-dev/hostler/steps/engine"
)

// Config is what an Agent needs. Host, StateDir and Source are required.
type Config struct {
	Host Host
	// StateDir is where the agent's cache is, as this process sees it: /var/lib/hostler below the host's root.
	StateDir string
	Source   Source
	// VerifyInterval is how often the host is looked at without a reason, less or more a tenth. Zero means 10 minutes.
	VerifyInterval time.Duration
	// RetryInterval is how long what went wrong is left alone before the first retry; further ones come later and
	// later, up to VerifyInterval. Zero means 5 s.
	RetryInterval time.Duration
	// Beat is how often the service manager wants a sign of life; zero: never.
	Beat time.Duration
	// Progress must be the engine's observer too. nil: nobody is told.
	Progress *Progress
	// KubeletConfigured tells whether the kubelet's live configuration is what a revision says, as the condition of
	// that name; nil: it is not asked.
	KubeletConfigured func(ctx context.Context, revision render.Revision) metav1.Condition
	// Version is hostler's own, for the status.
	Version string
	// Logger may be nil.
	Logger *zap.Logger
}

// Agent is the daemon. Its turns, one at a time, own all fields but inbox.
type Agent struct {
	Config
	log   *zap.Logger
	cache *Cache

	inbox inbox

	memory Memory
	// forgetful says that the memory was lost: of the first assignment the failure that was reported is taken.
	forgetful bool
	runs      []engine.Run        // newest first
	facts     *v1alpha1.NodeFacts // nil: not read yet
	staged    string              // the hash of the plan all of which has been downloaded
	// repaired says that drift was repaired since the last verify tick.
	repaired bool
	// askKubelet says that the kubelet's live configuration is to be compared.
	askKubelet bool
	saidReady  bool
}

// New checks the configuration and fills in defaults. It touches nothing.
func New(config Config) (*Agent, error) {
	switch {
	case config.Host == nil:
		return nil, errors.New("agent needs a host")
	case config.Source == nil:
		return nil, errors.New("agent needs a source")
	case config.StateDir == "":
		return nil, errors.New("agent needs a state directory")
	}
	if config.Logger == nil {
		config.Logger = zap.NewNop()
	}
	if config.Progress == nil {
		config.Progress = NewProgress(nil)
	}
	if config.VerifyInterval == 0 {
		config.VerifyInterval = 10 * time.Minute
	}
	if config.RetryInterval == 0 {
		config.RetryInterval = 5 * time.Second
	}
	return &Agent{Config: config, log: config.Logger, inbox: inbox{bell: make(chan struct{}, 1)}}, nil
}

// Run works until ctx ends; a run that is under way then stops at its next op, and is gone on with by the next Run. An error
// means that the agent could not begin.
func (a *Agent) Run(ctx context.Context) error {
	if err := a.wakeUp(ctx); err != nil {
		return err
	}
	var source sync.WaitGroup
	source.Go(func() { a.Source.Run(ctx, a.inbox.put) })
	a.loop(ctx)
	a.Progress.notify("STOPPING=1")
	source.Wait()
	return nil
}

// wakeUp reads what is on disk.
func (a *Agent) wakeUp(ctx context.Context) error {
	var err error
	if a.cache, err = OpenCache(a.StateDir); err != nil {
		return err
	}
	if a.runs, err = a.Host.History(ctx); err != nil {
		return fmt.Errorf("reading the runs on this host: %w", err)
	}
	assignment, err := a.cache.Assignment()
	if err != nil {
		a.log.Error("what was wanted last is not known", zap.Error(err))
	}
	a.inbox.remember(assignment)
	var known bool
	if a.memory, known, err = a.cache.Memory(); err != nil {
		a.log.Error("what the host had last is not known: it is found out, and failures are taken from the last report", zap.Error(err))
	}
	a.forgetful, a.askKubelet = !known, true
	return nil
}

// loop takes turns. The turn is beside it, so that whatever a turn takes, news is heard and the watchdog fed.
func (a *Agent) loop(ctx context.Context) {
	verify, retry, beat := time.NewTimer(a.untilVerify()), stoppedTimer(), a.beats()
	defer verify.Stop()
	defer retry.Stop()
	defer beat.Stop()
	ended := make(chan outcome)
	running, due, tick := false, true, false
	wait := time.Duration(0)
	for {
		if due && !running {
			running, due = true, false
			go func(tick bool) { ended <- a.turn(ctx, tick) }(tick)
			tick = false
		}
		select {
		case <-ctx.Done():
			if running {
				<-ended
			}
			return
		case <-a.inbox.bell:
			due = true
		case <-verify.C:
			due, tick = true, true
			verify.Reset(a.untilVerify())
		case <-retry.C:
			due = true
		case o := <-ended:
			running = false
			wait = a.nextWait(wait, o)
			due = due || o == again
			if wait > 0 {
				retry.Reset(jitter(wait))
			}
		case <-beat.C:
			if !running || !a.Progress.stuck() {
				a.Progress.notify("WATCHDOG=1")
			}
		}
	}
}

// outcome is how a turn ended.
type outcome int

const (
	rested  outcome = iota // until there is news
	again                  // there is more to do now
	retried                // there is more to do later
)

// nextWait is how long to wait for the retry; zero: there is none.
func (a *Agent) nextWait(last time.Duration, o outcome) time.Duration {
	if o != retried {
		return 0
	}
	return min(max(2*last, a.RetryInterval), a.VerifyInterval)
}

func (a *Agent) untilVerify() time.Duration {
	return a.VerifyInterval - a.VerifyInterval/10 + time.Duration(rand.Int64N(int64(a.VerifyInterval/5)+1)) //nolint:gosec // nothing secret
}

func (a *Agent) beats() *time.Ticker {
	if a.Beat > 0 {
		return time.NewTicker(a.Beat)
	}
	never := time.NewTicker(time.Hour)
	never.Stop()
	return never
}

// jitter makes it up to half as much again, so that agents that failed together do not come back together.
func jitter(d time.Duration) time.Duration {
	return d + time.Duration(rand.Int64N(int64(d/2)+1)) //nolint:gosec // nothing secret
}

func stoppedTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}
