// Package cluster is the agent's source where a cluster says what is wanted: one watch of the node's own ManagedNode, revisions by
// name, and the status by server-side apply, all with the kubelet's credential. At rest there is the watch and no
// request; a credential that the kubelet renews is taken up by beginning anew.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"time"

	"go.uber.org/zap"
	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/credential"
	"github.com/hostler-dev/hostler/agent/node"
	"github.com/hostler-dev/hostler/agent/render"
	"github.com/hostler-dev/hostler/steps/host"
)

// Config is what a Source needs; all but Logger and Retry is required.
type Config struct {
	// Host is where the credential is, and Root its root as this process sees it.
	Host host.View
	Root string
	// Kubeconfig is the kubelet's, as the host sees it.
	Kubeconfig string
	// NodeName is the name of the Node, and of its ManagedNode.
	NodeName string
	// Version is hostler's own, for the API server's log.
	Version string
	// Retry is the wait after the first failure in a row; later ones are longer, up to 30 times that. Zero means 1 s.
	Retry time.Duration
	// Logger may be nil.
	Logger *zap.Logger
}

// Source implements node.Source.
type Source struct {
	Config

	mu     sync.Mutex
	client *client // nil: there is none now
	// uid is the ManagedNode's; empty: there is none, or it is not known.
	uid    string
	status *v1alpha1.ManagedNodeStatus // the newest
	bell   chan struct{}               // the status or where it goes is another
}

var _ node.Source = (*Source)(nil)

// New checks the configuration.
func New(config Config) (*Source, error) {
	switch {
	case config.Host == nil:
		return nil, errors.New("source needs a host")
	case config.Kubeconfig == "" || config.NodeName == "":
		return nil, errors.New("source needs a kubeconfig and the node's name")
	}
	if config.Logger == nil {
		config.Logger = zap.NewNop()
	}
	if config.Retry == 0 {
		config.Retry = time.Second
	}
	return &Source{Config: config, bell: make(chan struct{}, 1)}, nil
}

// Run implements node.Source.
func (s *Source) Run(ctx context.Context, hear func(node.News)) {
	changed := make(chan struct{}, 1)
	go credential.Follow(ctx, s.credentialFiles, func() { ring(changed) })
	end := func() {}
	for {
		select {
		case <-ctx.Done():
			end()
			return
		case <-changed:
			s.Logger.Debug("credential read")
			end()
			end = s.begin(ctx, hear)
		}
	}
}

// begin begins a session, and returns how to end it.
func (s *Source) begin(ctx context.Context, hear func(node.News)) (end func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.session(ctx, hear)
	}()
	return func() {
		cancel()
		<-ended
	}
}

// credentialFiles are the credential's files as this process sees them.
func (s *Source) credentialFiles() []string {
	files := credential.Files(s.Host, s.Kubeconfig)
	for i := range files {
		files[i] = filepath.Join(s.Root, files[i])
	}
	return files
}

// session works with one credential until ctx ends.
func (s *Source) session(ctx context.Context, hear func(node.News)) {
	c, err := s.connect()
	if err != nil {
		hear(node.News{Away: err})
		s.Logger.Warn("no credential", zap.Error(err))
		<-ctx.Done() // it is told when there is another one
		return
	}
	defer c.close()
	s.setClient(c)
	defer s.setClient(nil)
	var sender sync.WaitGroup
	defer sender.Wait()
	sender.Go(func() { s.send(ctx, c) })
	backoff := s.backoff()
	for ctx.Err() == nil {
		begun := time.Now()
		err := s.follow(ctx, c, hear)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errExpired) && time.Since(begun) > s.Retry {
			s.Logger.Debug("the watch is too old: beginning anew")
			continue
		}
		s.Logger.Warn("the API server is away", zap.Error(err))
		hear(node.News{Away: err})
		if time.Since(begun) > backoff.Cap {
			backoff = s.backoff()
		}
		pause(ctx, backoff.Step())
	}
}

func (s *Source) backoff() *wait.Backoff {
	return &wait.Backoff{Duration: s.Retry, Factor: 2, Jitter: 0.5, Steps: 10, Cap: 30 * s.Retry}
}

// connect makes a client from the credential as it is now.
func (s *Source) connect() (*client, error) {
	config, err := credential.Load(s.Host, s.Kubeconfig)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("waiting for the kubelet to join its cluster: it has no credential yet: %w", err)
	}
	if err != nil {
		return nil, err
	}
	return newClient(config, "hostler-agent/"+s.Version)
}

// Revision implements node.Source.
func (s *Source) Revision(ctx context.Context, name string) (render.Revision, error) {
	s.mu.Lock()
	c := s.client
	s.mu.Unlock()
	if c == nil {
		return render.Revision{}, errors.New("the API server is away")
	}
	return c.revision(ctx, name)
}

func (s *Source) setClient(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.client = c
}

// ring makes sure that whoever listens looks again.
func ring(bell chan<- struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}

// pause waits for a time, or the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
