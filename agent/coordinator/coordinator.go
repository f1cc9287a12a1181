package coordinator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-logr/zapr"
	"go.uber.org/zap"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/coordinator/decision"
	"github.com/hostler-dev/hostler/agent/coordinator/drain"
)

// LeaseName is the Lease of leader election, in Config.Namespace.
const LeaseName = "hostler-coordinator"

// Off is an address that nothing is served on.
const Off = "0"

// ErrConfig says that a coordinator cannot be made of a Config, whatever the cluster is like.
var ErrConfig = errors.New("setting up the coordinator")

// Config lists what a coordinator needs.
type Config struct {
	// Kubernetes says where the API server is, and who we are. Required.
	Kubernetes *rest.Config
	// Log. Required.
	Log *zap.Logger
	// Identity is who holds the lease; it differs for each process. Required with LeaderElection.
	Identity string
	// Namespace is where the lease is. Required with LeaderElection.
	Namespace string
	// LeaderElection waits for the lease before anything is decided. Without it, nobody else may run.
	LeaderElection bool
	// Lease is how leadership passes on. Default: DefaultLease.
	Lease Lease
	// NodeName is the node that the coordinator runs on, which is drained last; empty: it runs outside of the cluster.
	NodeName string
	// Pod is the coordinator's own, the last to be evicted from its node; empty: it runs outside.
	Pod types.NamespacedName
	// MetricsAddress and HealthAddress are host:port, with port 0 for any; Off or empty: not served.
	MetricsAddress, HealthAddress string
	// Now is the clock by which decisions are made. Default: time.Now.
	Now func() time.Time
}

// Lease is how leadership passes on; see k8s.io/client-go/tools/leaderelection.
type Lease struct {
	// Duration is how long a leader that is silent is waited for.
	Duration time.Duration
	// RenewDeadline is how long a leader tries to renew before it gives up. What lies between it and Duration bounds a write.
	RenewDeadline time.Duration
	// RetryPeriod is the pause between two tries.
	RetryPeriod time.Duration
}

// DefaultLease is what Kubernetes' own controllers use.
var DefaultLease = Lease{Duration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: 2 * time.Second}

// write is how long one write may take. It is less than the time between the moment at which a leader that cannot renew gives
// up and the moment at which another may begin, so no write of the old one is under way then.
func (l Lease) write() time.Duration { return (l.Duration - l.RenewDeadline) * 4 / 5 }

func (l Lease) check() error {
	if l.RetryPeriod <= 0 || l.RenewDeadline <= l.RetryPeriod || l.Duration <= l.RenewDeadline {
		return fmt.Errorf("the lease lasts %v, is renewed for %v and tried every %v: each must be longer than the next, and none 0",
			l.Duration, l.RenewDeadline, l.RetryPeriod)
	}
	return nil
}

// Coordinator is the cluster's side of hostler.
type Coordinator struct{ manager manager.Manager }

// New connects a coordinator with a cluster. Nothing happens before Run.
func New(config Config) (*Coordinator, error) {
	if err := config.complete(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	kube, err := kubernetes.NewForConfig(config.Kubernetes)
	if err != nil {
		return nil, fmt.Errorf("setting up the coordinator: %w", err)
	}
	m, err := newManager(config, kube)
	if err != nil {
		return nil, fmt.Errorf("setting up the coordinator: %w", err)
	}
	wake := &waker{}
	l, err := newLoop(config, m, kube, wake)
	if err != nil {
		return nil, fmt.Errorf("setting up the coordinator: %w", err)
	}
	if err := connect(m, l, wake); err != nil {
		return nil, fmt.Errorf("setting up the coordinator: %w", err)
	}
	return &Coordinator{manager: m}, nil
}

func (c *Config) complete() error {
	switch {
	case c.Kubernetes == nil:
		return errors.New("the API server is not given")
	case c.Log == nil:
		return errors.New("the log is not given")
	case c.LeaderElection && (c.Identity == "" || c.Namespace == ""):
		return errors.New("leader election needs an identity and a namespace")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Lease == (Lease{}) {
		c.Lease = DefaultLease
	}
	c.Kubernetes = rest.CopyConfig(c.Kubernetes)
	if c.Kubernetes.QPS == 0 {
		// The number of writers bounds what is asked at once, and the API server's priority and fairness the rest. A
		// client that waits for tokens would make slots wait.
		c.Kubernetes.QPS = -1
	}
	return c.Lease.check()
}

func newManager(config Config, kube kubernetes.Interface) (manager.Manager, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	options := manager.Options{
		Scheme: scheme, Cache: cacheOptions(), Logger: zapr.NewLogger(config.Log).WithName("controller-runtime"),
		Metrics:                metricsserver.Options{BindAddress: orOff(config.MetricsAddress)},
		HealthProbeBindAddress: orOff(config.HealthAddress),
		LeaderElection:         config.LeaderElection, LeaderElectionReleaseOnCancel: true,
	}
	if config.LeaderElection {
		options.LeaseDuration, options.RenewDeadline, options.RetryPeriod = &config.Lease.Duration, &config.Lease.RenewDeadline, &config.Lease.RetryPeriod
		options.LeaderElectionResourceLockInterface = &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Namespace: config.Namespace, Name: LeaseName},
			Client:     kube.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: config.Identity},
		}
	}
	return manager.New(config.Kubernetes, options)
}

func orOff(address string) string {
	if address == "" {
		return Off
	}
	return address
}

func newLoop(config Config, m manager.Manager, kube kubernetes.Interface, wake *waker) (*loop, error) {
	d, err := drain.New(drain.Config{Client: kube, Now: config.Now})
	if err != nil {
		return nil, err
	}
	return &loop{
		informers: m.GetCache(), live: m.GetAPIReader(), writer: kubeWriter{m.GetClient(), config.Lease.write()}, decide: decision.Decide,
		overlay: newOverlay(), drains: newDrains(d, config.Pod, config.Now, config.Log.Named("drain"), wake.wake),
		prometheus: newPrometheus(config.Now, wake.wake), daemonSets: newDaemonSets(m.GetAPIReader(), config.Log),
		servers: &servers{version: kube.Discovery(), pods: m.GetAPIReader()},
		heed:    &heed{live: m.GetAPIReader(), log: config.Log.Named("coordinator")},
		events:  recorder{m.GetEventRecorder(FieldManager)},
		self:    config.NodeName, now: config.Now, log: config.Log.Named("coordinator"),
	}, nil
}

// connect makes the manager run the rounds, and tell whether it is well.
func connect(m manager.Manager, l *loop, wake *waker) error {
	warm := true
	c, err := controller.NewTyped("coordinator", m, controller.TypedOptions[round]{
		Reconciler: l, MaxConcurrentReconciles: 1,
		// A stand-by keeps its informers filled, and begins as soon as it is the leader.
		EnableWarmup: &warm,
	})
	if err != nil {
		return err
	}
	if err := watchAll(c, m.GetCache(), wake); err != nil {
		return err
	}
	synced := func(request *http.Request) error {
		ctx, cancel := context.WithTimeout(request.Context(), time.Second)
		defer cancel()
		if !m.GetCache().WaitForCacheSync(ctx) {
			return errors.New("the informers have not read the cluster yet: are the CustomResourceDefinitions installed, and may the ServiceAccount list them?")
		}
		return nil
	}
	return errors.Join(m.Add(l.drains), m.AddHealthzCheck("ping", healthz.Ping), m.AddReadyzCheck("informers", synced))
}

// Run coordinates until ctx ends, which is no error, or until the lease is lost, which is one: the process must end then,
// and start anew.
func (c *Coordinator) Run(ctx context.Context) error {
	if err := c.manager.Start(ctx); err != nil {
		return fmt.Errorf("coordinating: %w", err)
	}
	return nil
}
