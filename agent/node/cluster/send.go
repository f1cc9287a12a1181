package cluster

import (
	"context"

	"go.uber.org/zap"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
)

// Report implements node.Source.
func (s *Source) Report(status v1alpha1.ManagedNodeStatus) {
	s.mu.Lock()
	s.status = status.DeepCopy()
	s.mu.Unlock()
	ring(s.bell)
}

// send delivers the newest status whenever it is another one than was delivered, or goes to another object. The first of a
// session is always sent: who knows what the API server has.
func (s *Source) send(ctx context.Context, c *client) {
	var delivered *v1alpha1.ManagedNodeStatus
	var deliveredTo string
	backoff := s.backoff()
	ring(s.bell)
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.bell:
		}
		s.mu.Lock()
		status, uid := s.status, s.uid
		s.mu.Unlock()
		if status == nil || uid == "" || uid == deliveredTo && equality.Semantic.DeepEqual(status, delivered) {
			continue
		}
		err := c.applyStatus(ctx, s.NodeName, uid, status)
		switch {
		case err == nil:
			delivered, deliveredTo, backoff = status, uid, s.backoff()
		case ctx.Err() != nil:
			return
		case apierrors.IsNotFound(err) || apierrors.IsConflict(err):
			s.Logger.Debug("the ManagedNode is gone, or another one", zap.Error(err)) // the watch will tell
		default:
			s.Logger.Warn("status not reported: tried again", zap.Error(err))
			pause(ctx, backoff.Step())
			ring(s.bell)
		}
	}
}
