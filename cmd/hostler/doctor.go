package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/render"
	"github.com/hostler-dev/hostler/steps/preflight"
)

func newDoctor(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor [-f FILE]",
		Short: "Find what would keep a node from working here, and the way out",
		Long: `Looks at the host: kernel, systemd, cgroups, disks, names, clock, DNS, ports, other runtimes and
other Kubernetes. Each finding has a severity (Error, Warning or Info), a reason and a remedy.
With a NodeGroup it looks with that in mind. It changes nothing, and sees more as root. Exits
with 0 when there is no error among the findings, 1 when there is.`,
		Example: `  hostler doctor
  hostler doctor -f worker.yaml
  hostler doctor -f worker.yaml -o json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.doctor(cmd) },
	}
	cmd.Flags().StringVarP(&s.group, "file", "f", "", "`file` with the NodeGroup; - is stdin (default: none, and less is known)")
	cmd.Flags().StringVar(&s.nodeName, "node-name", "", "`name` of the node in the cluster (default: the host name)")
	return cmd
}

// errUnwell makes doctor exit with exitFailed; it is not printed.
var errUnwell = errors.New("there are errors among the findings")

// examined is what doctor prints as JSON.
type examined struct {
	Node string `json:"node"`
	// Healthy is whether there is no error among the findings.
	Healthy  bool                `json:"healthy"`
	Findings []preflight.Finding `json:"findings"`
}

func (s *settings) doctor(cmd *cobra.Command) error {
	var wanted *v1alpha1.HostSpec
	if s.group != "" {
		docs, err := s.readInput(cmd)
		if err != nil {
			return err
		}
		revision, err := render.Render(docs.Groups[0], docs.Configurations)
		if err != nil {
			return err
		}
		wanted = &revision.Spec.Host
	}
	node, _, err := s.open(cmd, nil)
	if err != nil {
		return err
	}
	defer node.Close()
	document := examined{Node: node.NodeName(), Findings: []preflight.Finding{}}
	document.Findings = append(document.Findings, node.Doctor(cmd.Context(), wanted)...)
	document.Healthy = preflight.Worst(document.Findings) != preflight.Error
	if s.output == "json" {
		err = printJSON(cmd.OutOrStdout(), document)
	} else {
		printFindings(cmd.OutOrStdout(), document)
	}
	if err == nil && !document.Healthy {
		return errUnwell
	}
	return err
}

// printFindings prints each finding, its remedy below it, and how many there are last.
func printFindings(w io.Writer, d examined) {
	counts := map[preflight.Severity]int{}
	for _, f := range d.Findings {
		counts[f.Severity]++
		fmt.Fprintf(w, "%-8s %s: %s\n", f.Severity, f.Check, f.Reason)
		if f.Remedy != "" {
			fmt.Fprintf(w, "%-8s → %s\n", "", f.Remedy)
		}
	}
	if len(d.Findings) == 0 {
		fmt.Fprintln(w, "Nothing was found that would keep a node from working here.")
		return
	}
	fmt.Fprintf(w, "%s, %s\n", count(counts[preflight.Error], "error"), count(counts[preflight.Warning], "warning"))
}
