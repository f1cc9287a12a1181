// Command cluster keeps a test cluster for a person.
//
//	cluster assets                      build everything that is not in the cache
//	cluster up [-nodes N] [-suite S]    a control plane and bare nodes, until Ctrl-C
//	cluster down [ID]                   end a cluster that is up, as Ctrl-C does
//	cluster sweep                       remove what killed runs left
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/hostler-dev/hostler/test/cluster"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("say what to do: assets, up, down or sweep")
	}
	switch verb, rest := args[0], args[1:]; verb {
	case "assets":
		_, err := cluster.Prepare(ctx, cluster.Config{Progress: os.Stderr})
		return err
	case "up":
		return up(ctx, rest)
	case "down":
		id := ""
		if len(rest) > 0 {
			id = rest[0]
		}
		return cluster.Down(ctx, os.Stderr, id)
	case "sweep":
		return cluster.Sweep(ctx, os.Stderr)
	default:
		return fmt.Errorf("%q is none of assets, up, down and sweep", verb)
	}
}

// up brings a cluster up, says how to use it, and takes it down when ctx ends.
func up(ctx context.Context, args []string) (err error) {
	flags := flag.NewFlagSet("up", flag.ContinueOnError)
	count := flags.Int("nodes", 1, "how many bare nodes")
	suite := flags.String("suite", "bookworm", "Debian release of the nodes")
	if err := flags.Parse(args); err != nil {
		return err
	}
	cfg := cluster.Config{Progress: os.Stderr}
	if err := cluster.InstallHostPackages(ctx, cfg.Progress); err != nil {
		return err
	}
	assets, err := cluster.Open(cfg)
	if err != nil {
		return err
	}
	r, err := cluster.New(ctx, assets)
	if err != nil {
		return err
	}
	defer func() {
		if closed := r.Close(); err == nil {
			err = closed
		}
	}()
	if err := r.AllowDown(); err != nil {
		return err
	}
	if err := bringUp(ctx, r, *count, *suite); err != nil {
		return err
	}
	<-ctx.Done()
	fmt.Println("\nremoving the cluster")
	return nil
}

func bringUp(ctx context.Context, r *cluster.Run, count int, suite string) error {
	cp, err := r.ControlPlane(ctx)
	if err != nil {
		return err
	}
	token, err := cp.BootstrapToken(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("\nexport KUBECONFIG=%s\nAPI server       %s\nCA               %s\nbootstrap token  %s\n", cp.Kubeconfig, cp.URL, cp.CAFile, token)
	fmt.Printf("logs             %s/logs\n\nRepositories:\n", r.Dir())
	names := []string{cluster.RepositoryDebian(suite), cluster.RepositoryKubernetes, cluster.RepositoryContainerd2, cluster.RepositoryDemo}
	for _, name := range names {
		repository, err := r.Repository(ctx, name)
		if err != nil {
			return err
		}
		fmt.Printf("  %s", repository.SourceLine("/etc/apt/keyrings/test.asc"))
	}
	fmt.Println("\nBare nodes, and how to enter them:")
	for range count {
		node, err := r.Node(ctx, cluster.NodeConfig{Suite: suite})
		if err != nil {
			return err
		}
		enter, err := node.EnterCommand()
		if err != nil {
			return err
		}
		fmt.Printf("  %s  %s  %s\n", node.Name, node.Address, enter)
	}
	fmt.Printf("\nCtrl-C removes it all, and so does: cluster down %s\n", r.ID)
	return nil
}
