//go:build !node

package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime/debug"

	"github.com/go-logr/zapr"
	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/hostler-dev/hostler/agent/coordinator"
)

// coordinatorFlags are the coordinator's own.
type coordinatorFlags struct {
	kubeconfig     string
	namespace      string
	leaderElect    bool
	lease          coordinator.Lease
	metricsAddress string
	healthAddress  string
	nodeName       string
	podName        string
	logFormat      string
}

func newCoordinator(s *settings) *cobra.Command {
	f := &coordinatorFlags{lease: coordinator.DefaultLease}
	cmd := &cobra.Command{
		Use:   "coordinator",
		Short: "Decide whose turn it is in this cluster, and drain nodes",
		Long: `Runs until it is stopped, in the cluster as a Deployment, or outside with --kubeconfig. It
renders NodeGroups into revisions, lets nodes have them in order and within their budgets,
drains those that must be empty, and reports in the status of NodeGroups and ManagedNodes.
Several may run: one leads, the others stand by. It never touches a host.`,
		Example: `  hostler coordinator
  hostler coordinator --kubeconfig admin.conf --metrics-address 0 --health-address 0`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.runCoordinator(cmd, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.kubeconfig, "kubeconfig", "", "`file` that says where the cluster is (default: the one that it runs in)")
	flags.StringVar(&f.namespace, "namespace", "hostler-system", "`namespace` of the lease, and of the coordinator's own pod")
	flags.BoolVar(&f.leaderElect, "leader-elect", true, "wait for the lease before deciding anything; without it nobody else may run")
	flags.DurationVar(&f.lease.Duration, "lease-duration", f.lease.Duration, "how long a silent leader is waited for")
	flags.DurationVar(&f.lease.RenewDeadline, "renew-deadline", f.lease.RenewDeadline, "how long a leader tries to renew before it gives up")
	flags.DurationVar(&f.lease.RetryPeriod, "retry-period", f.lease.RetryPeriod, "pause between two tries to take or renew the lease")
	flags.StringVar(&f.metricsAddress, "metrics-address", ":8080", "`address` where Prometheus metrics are served; 0: nowhere")
	flags.StringVar(&f.healthAddress, "health-address", ":8081", "`address` where /healthz and /readyz are served; 0: nowhere")
	flags.StringVar(&f.nodeName, "node-name", os.Getenv("NODE_NAME"), "`name` of the node that this coordinator runs on, which goes last (default: $NODE_NAME)")
	flags.StringVar(&f.podName, "pod-name", os.Getenv("POD_NAME"), "`name` of the pod that this coordinator runs in, evicted last (default: $POD_NAME)")
	flags.StringVar(&f.logFormat, "log-format", "text", "`format` of the log: text or json")
	return cmd
}

func (s *settings) runCoordinator(cmd *cobra.Command, f *coordinatorFlags) error {
	logger, err := s.daemonLogger(cmd, f.logFormat)
	if err != nil {
		return err
	}
	kubernetes, err := clusterConfig(f.kubeconfig)
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("reading the host name: %w", err)
	}
	// Unlike the commands that are over soon, it collects garbage as Go does by itself.
	debug.SetGCPercent(100)
	debug.SetMemoryLimit(math.MaxInt64)
	// Libraries log through globals; they are set here and nowhere else.
	ctrllog.SetLogger(zapr.NewLogger(logger))
	klog.SetLogger(zapr.NewLogger(logger.Named("client-go")))

	config := coordinator.Config{
		Kubernetes: kubernetes, Log: logger, Identity: host + "_" + string(uuid.NewUUID()), Namespace: f.namespace,
		LeaderElection: f.leaderElect, Lease: f.lease, NodeName: f.nodeName,
		MetricsAddress: f.metricsAddress, HealthAddress: f.healthAddress,
	}
	if f.podName != "" {
		config.Pod = types.NamespacedName{Namespace: f.namespace, Name: f.podName}
	}
	logger.Info("coordinator begins", zap.String("version", version), zap.String("commit", commit),
		zap.String("server", kubernetes.Host), zap.String("identity", config.Identity), zap.String("node", f.nodeName))
	c, err := coordinator.New(config)
	if errors.Is(err, coordinator.ErrConfig) {
		return usage("%w", err)
	}
	if err != nil {
		return err
	}
	return c.Run(cmd.Context())
}

// daemonLogger is the log of a program that people read days later: unless they choose otherwise, it tells what was done.
func (s *settings) daemonLogger(cmd *cobra.Command, format string) (*zap.Logger, error) {
	if !cmd.Flags().Changed("log-level") {
		s.logLevel = zapcore.InfoLevel
	}
	switch format {
	case "text":
		return s.logger(cmd.ErrOrStderr()), nil
	case "json":
		encoding := zap.NewProductionEncoderConfig()
		encoding.EncodeTime = zapcore.RFC3339NanoTimeEncoder
		encoding.EncodeDuration = zapcore.StringDurationEncoder
		return zap.New(zapcore.NewCore(zapcore.NewJSONEncoder(encoding), zapcore.AddSync(cmd.ErrOrStderr()), s.logLevel)), nil
	default:
		return nil, usage("--log-format %q is not one of text, json", format)
	}
}

// clusterConfig says where the API server is: as a kubeconfig says, or, without one, the one of the pod that this runs in.
func clusterConfig(kubeconfig string) (*rest.Config, error) {
	if kubeconfig == "" {
		config, err := rest.InClusterConfig()
		if errors.Is(err, rest.ErrNotInCluster) {
			return nil, usage("this runs outside of a cluster: say with --kubeconfig where the cluster is")
		}
		return config, err
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, usage("--kubeconfig %s: %w", kubeconfig, err)
	}
	return config, nil
}
