package coordinator_test

import (
	"errors"
	"testing"
	"time"

	"go.uber.org/zap"
	"k8s.io/client-go/rest"

	"github.com/hostler-dev/hostler/agent/coordinator"
)

func TestNewRejectsWhatCannotWork(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*coordinator.Config){
		"no API server":                        func(c *coordinator.Config) { c.Kubernetes = nil },
		"no log":                               func(c *coordinator.Config) { c.Log = nil },
		"leader election without an identity":  func(c *coordinator.Config) { c.Identity = "" },
		"leader election without a namespace":  func(c *coordinator.Config) { c.Namespace = "" },
		"a lease that ends before its renewal": func(c *coordinator.Config) { c.Lease.Duration = c.Lease.RenewDeadline },
		"a renewal that ends before its retry": func(c *coordinator.Config) { c.Lease.RetryPeriod = time.Minute },
		"a lease without retries":              func(c *coordinator.Config) { c.Lease.RetryPeriod = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := coordinator.Config{
				Kubernetes: &rest.Config{Host: "http://127.0.0.1:1"}, Log: zap.NewNop(), Identity: "me", Namespace: "hostler-system",
				LeaderElection: true, Lease: coordinator.DefaultLease,
			}
			spoil(&config)
			if _, err := coordinator.New(config); !errors.Is(err, coordinator.ErrConfig) {
				t.Errorf("got %v, want %v", err, coordinator.ErrConfig)
			}
		})
	}
}
