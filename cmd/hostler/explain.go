package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/hostler-dev/hostler/agent/explain"
	"github.com/hostler-dev/hostler/agent/explain/fetch"
)

// errWaits makes explain exit with exitBlocked; it is not printed.
var errWaits = errors.New("the node waits")

func newExplain(s *settings) *cobra.Command {
	var cluster fetch.Config
	cmd := &cobra.Command{
		Use:   "explain NODE",
		Short: "Say why a node waits, since when, and what would change it",
		Long: `Asks the cluster for what it knows of a node, and names the one reason why the node waits,
since when, and what would change it. Changes nothing. Exits with 0 when the node is up
to date or is being worked on, 4 when it waits.`,
		Example: `  hostler explain worker-1
  hostler explain worker-1 -o json --kubeconfig admin.conf`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] == "" {
				return usage("%s takes the name of one node, got %d arguments: see kubectl get nodes", cmd.CommandPath(), len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return s.explain(cmd, cluster, args[0]) },
	}
	cmd.Flags().StringVar(&cluster.Kubeconfig, "kubeconfig", "", "`file` that names the API server and the credential (default: as for kubectl)")
	cmd.Flags().StringVar(&cluster.Context, "context", "", "`name` of the context in the kubeconfig (default: its current one)")
	return cmd
}

func (s *settings) explain(cmd *cobra.Command, cluster fetch.Config, node string) error {
	client, err := fetch.New(cluster)
	if errors.Is(err, fetch.ErrNoCluster) {
		return usage("%w", err)
	}
	if err != nil {
		return err
	}
	in, err := client.Input(cmd.Context(), node)
	if err != nil {
		return err
	}
	explanation := explain.Explain(in)
	if s.output == "json" {
		err = printJSON(cmd.OutOrStdout(), explanation)
	} else {
		err = explanation.WriteText(cmd.OutOrStdout(), in.Now)
	}
	if err == nil && explanation.Blocked() {
		return errWaits
	}
	return err
}
