package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/hostler-dev/hostler/agent/input"
	"github.com/hostler-dev/hostler/agent/machine"
	"github.com/hostler-dev/hostler/agent/render"
	"github.com/hostler-dev/hostler/steps/engine"
)

// withWish reads the NodeGroup and its configurations, opens the host and hands both on. show is nil for
// commands that make no run.
func (s *settings) withWish(cmd *cobra.Command, show *progress, do func(context.Context, *machine.Wish) error) error {
	docs, err := s.readInput(cmd)
	if err != nil {
		return err
	}
	node, logger, err := s.open(cmd, show)
	if err != nil {
		return err
	}
	defer node.Close()
	revision, err := render.Render(docs.Groups[0], docs.Configurations)
	if err != nil {
		return err
	}
	wish, err := node.Wish(revision)
	if err != nil {
		return err
	}
	for _, warning := range wish.Warnings() {
		logger.Warn(warning)
	}
	return do(cmd.Context(), wish)
}

// readInput reads the one NodeGroup that the host belongs to, and the configurations beside it. An UpdatePolicy may be there
// too, so that a cluster's file serves as it is; it tells the coordinator when nodes may start, and here a person starts.
func (s *settings) readInput(cmd *cobra.Command) (*input.Documents, error) {
	if s.group == "" {
		return nil, usage("%s needs -f FILE with a NodeGroup; - is stdin", cmd.CommandPath())
	}
	docs, err := input.ReadFiles([]string{s.group}, cmd.InOrStdin())
	if err != nil {
		return nil, usage("%w", err)
	}
	if len(docs.Groups) != 1 {
		return nil, usage("%s has %d NodeGroups, and a host belongs to one: keep one in the file", s.group, len(docs.Groups))
	}
	return docs, nil
}

// open opens the host. What happens in a run, and its log, goes to show.
func (s *settings) open(cmd *cobra.Command, show *progress) (*machine.Machine, *zap.Logger, error) {
	var log io.Writer = cmd.ErrOrStderr()
	var observe func(engine.Event)
	if show != nil {
		log, observe = show, show.event
	}
	logger := s.logger(log)
	config := s.node()
	config.Logger, config.Observe, config.HealthTimeout, config.Version = logger, watched(observe), s.healthTimeout, version
	node, err := machine.Open(config)
	return node, logger, err
}
