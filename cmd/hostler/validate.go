package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/input"
)

func newValidate(s *settings) *cobra.Command {
	var files []string
	cmd := &cobra.Command{
		Use:   "validate -f FILE...",
		Short: "Check NodeGroup files; report all mistakes at once",
		Long: `Checks files with NodeGroups, NodeGroupConfigurations and UpdatePolicies, several to a file, and
prints each mistake as file:line:column: field: message. It looks at the files only and not at
the host. Exits with 0 when all is well, 2 when not.`,
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
	// The objects are complete with their defaults; there are none where there are problems.
	Groups         []*v1alpha1.NodeGroup             `json:"groups"`
	Configurations []v1alpha1.NodeGroupConfiguration `json:"configurations"`
	Policies       []v1alpha1.UpdatePolicy           `json:"policies"`
	Problems       []input.Problem                   `json:"problems"`
}

func (s *settings) validate(cmd *cobra.Command, files []string) error {
	docs, err := input.ReadFiles(files, cmd.InOrStdin())
	if s.output == "json" {
		if printErr := printJSON(cmd.OutOrStdout(), describeInput(docs, err)); printErr != nil {
			return printErr
		}
	}
	if err != nil {
		return usage("%w", err)
	}
	if s.output == "text" {
		printValid(cmd.OutOrStdout(), docs)
	}
	return nil
}

// describeInput has empty lists where there is nothing, for programs that loop over them.
func describeInput(docs *input.Documents, err error) validated {
	document := validated{
		Valid:          err == nil,
		Groups:         []*v1alpha1.NodeGroup{},
		Configurations: []v1alpha1.NodeGroupConfiguration{},
		Policies:       []v1alpha1.UpdatePolicy{},
		Problems:       []input.Problem{},
	}
	if docs != nil {
		document.Groups = append(document.Groups, docs.Groups...)
		document.Configurations = append(document.Configurations, docs.Configurations...)
		document.Policies = append(document.Policies, docs.Policies...)
	}
	var bad *input.Error
	if errors.As(err, &bad) {
		document.Problems = bad.Problems
	}
	return document
}

func printValid(w io.Writer, docs *input.Documents) {
	for _, group := range docs.Groups {
		fmt.Fprintf(w, "%s %s is valid\n", v1alpha1.NodeGroupKind, group.Name)
	}
	for _, c := range docs.Configurations {
		fmt.Fprintf(w, "%s %s is valid\n", v1alpha1.NodeGroupConfigurationKind, c.Name)
	}
	for _, policy := range docs.Policies {
		fmt.Fprintf(w, "%s %s is valid\n", v1alpha1.UpdatePolicyKind, policy.Name)
	}
}
