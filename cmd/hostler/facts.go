package main

import (
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/hostler-dev/hostler/agent/machine"
)

func newFacts(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "facts",
		Short: "Show what hostler knows about this host",
		Example: `  hostler facts
  hostler facts -o json`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s.image = s.image || !runs(s.root)
			node, _, err := s.open(cmd, nil)
			if err != nil {
				return err
			}
			defer node.Close()
			facts, err := node.Facts(cmd.Context())
			if err != nil {
				return err
			}
			if s.output == "json" {
				return printJSON(cmd.OutOrStdout(), facts)
			}
			return printFacts(cmd, facts)
		},
	}
}

// runs tells whether a system runs in a root. Facts of a folder can be told all the same, so nobody need say --image.
func runs(root string) bool {
	_, err := os.Stat(filepath.Join(root, "proc", "sys", "kernel"))
	return err == nil
}

func printFacts(cmd *cobra.Command, f machine.Facts) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 4, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	row("node", "%s", f.Node)
	supported := "supported"
	if !f.Distro.Supported {
		supported = "not supported: " + f.Distro.Why
	}
	row("distribution", "%s (%s %s), %s", f.Distro.Name, f.Distro.ID, f.Distro.Version, supported)
	row("package manager", "%s", f.Distro.PackageManager)
	if f.Live {
		row("kernel", "%s %s", f.Kernel, f.Architecture)
		row("cgroups", "version %d", f.CgroupVersion)
		row("cpus, memory", "%d, %d MiB", f.CPUs, f.MemoryBytes>>20)
		row("address", "%s", f.Address)
	}
	for _, installed := range f.Packages {
		held := ""
		if installed.Held {
			held = " (held)"
		}
		row(installed.Name, "%s%s", installed.Version, held)
	}
	return w.Flush()
}
