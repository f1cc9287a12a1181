package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hostler-dev/hostler/agent/input"
)

func newValidate(s *settings) *cobra.Command {
	var files []string
	cmd := &cobra.Command{
		Use:   "validate -f FILE...",
		Short: "Check NodeGroup files; report all mistakes at once",
		Example: `  hostler validate -f worker.yaml -f master.yaml
  kubectl get nodegroup worker -o yaml | hostler validate -f -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			files = append(files, args...)
			if len(files) == 0 {
				return usage("validate needs -f FILE; - is stdin")
			}
			groups, err := input.ReadFiles(files, cmd.InOrStdin())
			if err != nil {
				return err
			}
			if s.output == "json" {
				return printJSON(cmd.OutOrStdout(), groups)
			}
			for _, group := range groups {
				fmt.Fprintf(cmd.OutOrStdout(), "NodeGroup %s is valid\n", group.Name)
			}
			return nil
		},
	}
	cmd.Flags().StringArrayVarP(&files, "file", "f", nil, "file to check, can be repeated; - is stdin")
	return cmd
}
