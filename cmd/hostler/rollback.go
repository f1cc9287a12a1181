package main

import (
	"strconv"

	"github.com/spf13/cobra"
)

func newRollback(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rollback [RUN]",
		Short: "Take back the last run, or all runs down to RUN",
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
			show := newProgress(cmd.ErrOrStderr())
			node, _, err := s.open(cmd, show.event)
			if err != nil {
				return err
			}
			defer node.Close()
			result, err := node.Rollback(cmd.Context(), to)
			show.end()
			return s.printApplied(cmd, result, nil, err)
		},
	}
	return cmd
}
