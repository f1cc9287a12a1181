package main

import (
	"runtime/debug"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/hostler-dev/hostler/agent/machine"
	"github.com/hostler-dev/hostler/agent/node"
	"github.com/hostler-dev/hostler/agent/node/cluster"
	"github.com/hostler-dev/hostler/agent/node/standalone"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/kubelet"
)

// agentMemory, in bytes, is what the agent tries to stay below; garbage is collected from early on, for it runs for months.
const (
	agentMemory         = 24 << 20
	agentGarbagePercent = 50
)

func newAgent(s *settings) *cobra.Command {
	var kubeconfig string
	var verifyInterval time.Duration
	cmd := &cobra.Command{
		Use:   "agent",
		Short: "Keep this node as its cluster says, or as a file says",
		Long: `Runs until it is stopped. It watches the node's ManagedNode with the kubelet's own
credential: plans, reports the plan, waits for approval, applies, proves that the node is
healthy, and repairs drift that costs workloads nothing. Where the kubelet has no credential
yet it waits for one. While the API server is away it starts nothing new.

With -f FILE the file is in the place of the cluster: it is followed, and what it says is
approved up to --max-impact.`,
		Example: `  hostler agent
  hostler agent -f /etc/hostler/worker.yaml --max-impact Restart`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ceiling, err := s.checkRun()
			if err != nil {
				return err
			}
			if verifyInterval < time.Second {
				return usage("--verify-interval %s: want at least 1s", verifyInterval)
			}
			if s.image {
				return usage("--image: an agent keeps machines that run")
			}
			if !cmd.Flags().Changed("log-level") {
				s.logLevel = zapcore.InfoLevel // nobody sees a daemon at work but by its log
			}
			return s.runAgent(cmd, ceiling, kubeconfig, verifyInterval)
		},
	}
	s.registerNode(cmd.Flags())
	s.registerRun(cmd.Flags())
	cmd.Flags().Lookup("file").Usage = "`file` with the NodeGroup, in the place of a cluster"
	cmd.Flags().StringVar(&kubeconfig, "kubelet-kubeconfig", kubelet.KubeconfigPath, "`file` on the host with the kubelet's credential")
	cmd.Flags().DurationVar(&verifyInterval, "verify-interval", 10*time.Minute, "how often to look whether the host is still as it was made")
	return cmd
}

func (s *settings) runAgent(cmd *cobra.Command, ceiling steps.Impact, kubeconfig string, verifyInterval time.Duration) error {
	debug.SetGCPercent(agentGarbagePercent) // unlike the commands that are over soon
	debug.SetMemoryLimit(agentMemory)

	logger := s.logger(cmd.ErrOrStderr())
	progress := node.NewProgress(func(state string) {
		if _, err := daemon.SdNotify(false, state); err != nil {
			logger.Debug("service manager not told", zap.Error(err))
		}
	})
	config := s.node()
	config.Logger, config.Observe, config.HealthTimeout, config.Version = logger.Named("engine"), watched(progress.Event), s.healthTimeout, version
	host, err := machine.Open(config)
	if err != nil {
		return err
	}
	defer host.Close()
	source, err := s.source(host, logger.Named("source"), ceiling, kubeconfig)
	if err != nil {
		return err
	}
	agent, err := node.New(node.Config{
		Host: node.On(host), StateDir: host.StateDir(), Source: source, VerifyInterval: verifyInterval,
		Beat: watchdogBeat(), Progress: progress, KubeletConfigured: node.CompareKubelet(host.View()),
		Version: version, Logger: logger.Named("agent"),
	})
	if err != nil {
		return err
	}
	return agent.Run(cmd.Context())
}

// source is the cluster, or the file that is in its place.
func (s *settings) source(host *machine.Machine, logger *zap.Logger, ceiling steps.Impact, kubeconfig string) (node.Source, error) {
	if s.group != "" {
		source, err := standalone.New(standalone.Config{File: s.group, MaxImpact: ceiling, Logger: logger})
		if err != nil {
			return nil, usage("--file %s: %w", s.group, err)
		}
		return source, nil
	}
	return cluster.New(cluster.Config{
		Host: host.View(), Root: s.root, Kubeconfig: kubeconfig, NodeName: host.NodeName(), Version: version, Logger: logger,
	})
}

// watchdogBeat is half of what systemd allows between two signs of life; zero: it does not ask for any.
func watchdogBeat() time.Duration {
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return 0
	}
	return interval / 2
}
