//go:build node

package main

import "github.com/spf13/cobra"

// newCoordinator stands in for the coordinator in the build for nodes. What a coordinator is made of takes 18 ms of CPU at
// the start of every command and 34 MB of disk, on thousands of machines none of which runs one.
func newCoordinator(*settings) *cobra.Command {
	return &cobra.Command{
		Use:   "coordinator",
		Short: "Not in the build for nodes",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			return usage("this is hostler as nodes have it, without the coordinator: run the coordinator from its image, or from a build without the tag node")
		},
		DisableFlagParsing: true,
		Hidden:             true,
	}
}
