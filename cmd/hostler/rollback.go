package main

import (
	"strconv"

	"github.com/spf13/cobra"
)

func newRollback(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "rollback [RUN]",
		Short: "Take back the last run, or all runs down to RUN",
		Long: `Takes back what the last run did, newest edit first; with the number of a run, all runs
from the last down to that one. hostler history lists them. A rollback is a run itself.`,
		Example: `  hostler rollback
  hostler rollback 3`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("%s takes one run, got %d", cmd.CommandPath(), len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			to := 0
			if len(args) == 1 {
				var err error
				if to, err = strconv.Atoi(args[0]); err != nil || to < 1 {
					return usage("%q is not the number of a run: see hostler history", args[0])
				}
			}
			return s.rollback(cmd, to)
		},
	}
}

func (s *settings) rollback(cmd *cobra.Command, to int) error {
	show := newProgress(cmd.ErrOrStderr())
	defer show.end()
	node, _, err := s.open(cmd, show)
	if err != nil {
		return err
	}
	defer node.Close()
	result, err := node.Rollback(cmd.Context(), to)
	show.end()
	return s.printResult(cmd, result, nil, err)
}
