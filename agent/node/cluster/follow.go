package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/node"
)

// errExpired says that the API server no longer knows where the watch was.
var errExpired = errors.New("the watch has expired")

// follow tells what is wanted until something fails.
func (s *Source) follow(ctx context.Context, c *client, hear func(node.News)) error {
	found, version, err := c.managedNode(ctx, s.NodeName)
	if err != nil {
		return err
	}
	s.tell(found, hear)
	for {
		begun := time.Now()
		if version, err = s.watch(ctx, c, version, hear); err != nil {
			return err
		}
		if time.Since(begun) < s.Retry { // its habit is half an hour and more
			return fmt.Errorf("watching ManagedNode %s: the API server ended the watch at once", s.NodeName)
		}
	}
}

// watch tells changes until the API server ends the watch, and returns where to go on.
func (s *Source) watch(ctx context.Context, c *client, version string, hear func(node.News)) (string, error) {
	watcher, err := c.watch(ctx, s.NodeName, version)
	if err != nil {
		return "", expiry(err)
	}
	defer watcher.Stop()
	for {
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case event, open := <-watcher.ResultChan():
			if !open {
				return version, nil
			}
			if event.Type == watch.Error {
				return "", expiry(fmt.Errorf("watching ManagedNode %s: %w", s.NodeName, apierrors.FromObject(event.Object)))
			}
			changed, ok := event.Object.(*v1alpha1.ManagedNode)
			if !ok {
				return "", fmt.Errorf("watching ManagedNode %s: the API server sent a %T", s.NodeName, event.Object)
			}
			version = changed.ResourceVersion
			switch {
			case event.Type == watch.Bookmark || changed.Name != s.NodeName:
			case event.Type == watch.Deleted:
				s.tell(nil, hear)
			default:
				s.tell(changed, hear)
			}
		}
	}
}

// expiry turns the API server's ways of saying it into errExpired.
func expiry(err error) error {
	if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return fmt.Errorf("%w: %w", errExpired, err)
	}
	return err
}

// tell passes a ManagedNode on.
func (s *Source) tell(found *v1alpha1.ManagedNode, hear func(node.News)) {
	var uid string
	var news node.News
	if found != nil {
		uid = string(found.UID)
		news.Assignment = &node.Assignment{UID: uid, Generation: found.Generation, Spec: found.Spec, Reported: found.Status.Failure}
	}
	s.mu.Lock()
	s.uid = uid
	s.mu.Unlock()
	ring(s.bell)
	hear(news)
}
