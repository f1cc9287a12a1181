package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/input"
)

func newValidate(s *settings) *cobra.Command {
	var files []string
	cmd := &cobra.Command{
		Use:   "validate -f FILE...",
		Short: "Check NodeGroup files; report all mistakes at once",
		Long: `Checks NodeGroup files and prints each mistake as file:line:column: field: message. It
looks at the files only and not at the host. Exits with 0 when all is well, 2 when not.`,
		Example: `  hostler validate -f worker.yaml -f master.yaml
  kubectl get nodegroup worker -o yaml | hostler validate -f -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			files = append(files, args...)
			if len(files) == 0 {
				return usage("%s needs -f FILE; - is stdin", cmd.CommandPath())
			}
			return s.validate(cmd, files)
		},
	}
	cmd.Flags().StringArrayVarP(&files, "file", "f", nil, "file to check, can be repeated; - is stdin")
	return cmd
}

// validated is what validate prints as JSON.
type validated struct {
	Valid bool `json:"valid"`
	// Groups are complete with their defaults; none where there are problems.
	Groups   []*v1alpha1.NodeGroup `json:"groups"`
	Problems []input.Problem       `json:"problems"`
}

func (s *settings) validate(cmd *cobra.Command, files []string) error {
	groups, err := input.ReadFiles(files, cmd.InOrStdin())
	if s.output == "json" {
		document := validated{Valid: err == nil, Groups: []*v1alpha1.NodeGroup{}, Problems: []input.Problem{}}
		document.Groups = append(document.Groups, groups...)
		var bad *input.Error
		if errors.As(err, &bad) {
			document.Problems = bad.Problems
		}
		if printErr := printJSON(cmd.OutOrStdout(), document); printErr != nil {
			return printErr
		}
	}
	if err != nil {
		return usage("%w", err)
	}
	if s.output == "text" {
		for _, group := range groups {
			fmt.Fprintf(cmd.OutOrStdout(), "NodeGroup %s is valid\n", group.Name)
		}
	}
	return nil
}
