package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// Set by the linker.
var (
	version = "0.0.0-dev"
	commit  = "unknown"
)

// memoryLimit, in bytes, is where collecting garbage begins.
const memoryLimit = 128 << 20

// run is the whole program: arguments and streams in, exit code out.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) exitCode {
	// A command is over before collecting garbage pays; the limit is for the odd
	// host with a huge package database.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(memoryLimit)

	// SIGTERM, Ctrl-C and a lost terminal let the op in hand end and leave the rest
	// to the next apply. A second one ends the process where it stands; the journal copes.
	endings := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup(1) means what it says
		endings = append(endings, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), endings...)
	defer stop()
	context.AfterFunc(ctx, stop)
	// A reader that goes away (hostler apply | head) must not end a run half way:
	// with the signal taken, writing fails and nothing else happens. Taken and not
	// ignored, because programs that are started would inherit that.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)

	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	report(stderr, err)
	return code(err)
}

// The groups of commands in the help.
const (
	groupWork    = "work"
	groupCluster = "cluster"
	groupTell    = "tell"
)

func newRoot() *cobra.Command {
	s := &settings{}
	root := &cobra.Command{
		Use:   "hostler",
		Short: "Makes a Kubernetes node what its NodeGroup says",
		Long: `hostler brings a machine to the state that a NodeGroup describes: packages, files,
sysctls, modules, containerd, CNI, kubelet. It shows a plan first, writes down the
way back before each edit, and undoes what fails.

Each flag can also be given as an environment variable (--node-name: HOSTLER_NODE_NAME)
or as a line of the settings file (node-name: worker-1). The command line wins over the
environment, the environment over the file.

Exit codes:
  0  converged, or done
  1  failed, or stopped by a signal; the error says what to do
  2  wrong flags, or input that is not valid
  3  changes are pending (plan, verify)
  4  blocked: another hostler is at work, the impact or the distribution is not allowed
  5  failed and rolled back: the host is as it was before
  6  the machine restarts, and the run goes on in its next boot`,
		Example: `  hostler validate -f worker.yaml   # is the file right?
  hostler plan -f worker.yaml       # what would change on this machine?
  hostler apply -f worker.yaml      # change it
  hostler verify -f worker.yaml     # is it still so?
  hostler rollback                  # take the last run back`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return s.complete(cmd) },
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("unknown command %q: see hostler --help", args[0])
			}
			return cmd.Help()
		},
		Args: cobra.ArbitraryArgs,
	}
	s.register(root.PersistentFlags())
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage("%w: see %s --help", err, cmd.CommandPath())
	})
	addCommands(root, &cobra.Group{ID: groupWork, Title: "The way of a node:"},
		newPlan(s), newAdopt(s), newApply(s), newVerify(s), newHistory(s), newRollback(s), newLeave(s), newAgent(s))
	addCommands(root, &cobra.Group{ID: groupCluster, Title: "The cluster:"}, newCoordinator(s), newExplain(s))
	addCommands(root, &cobra.Group{ID: groupTell, Title: "Asking:"},
		newValidate(s), newDoctor(s), newFacts(s), newVersion(s))
	root.SetHelpCommandGroupID(groupTell)
	return root
}

func addCommands(root *cobra.Command, group *cobra.Group, commands ...*cobra.Command) {
	root.AddGroup(group)
	for _, cmd := range commands {
		cmd.GroupID = group.ID
		root.AddCommand(cmd)
	}
}

// noArgs refuses arguments with the program's own exit code for usage.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("%s takes no arguments, got %q", cmd.CommandPath(), strings.Join(args, " "))
	}
	return nil
}
