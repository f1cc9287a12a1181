// Command demo is `make run`: it turns a bare Debian machine into a Ready node of
// a real Kubernetes cluster, on this machine, and shows each step.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/hostler-dev/hostler/test/cluster"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	err := run(ctx)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "\nStopped; everything that was made is removed again.")
		os.Exit(130)
	default:
		fmt.Fprintln(os.Stderr, "\nmake run failed:", err)
		os.Exit(1)
	}
}

const introduction = `hostler turns a bare Debian machine into a node of a Kubernetes cluster. You will see it happen,
on real parts: a machine that boots its own systemd, apt, containerd, kubelet, etcd, kube-apiserver.

Nothing outside of this run is changed: the machine is a container (systemd-nspawn) on a bridge of its
own, and all of it goes away at the end, also after Ctrl-C. Debian packages that the run needs are installed.

The first time, Kubernetes is built from source meanwhile: 8 to 15 minutes. After that a run takes 2.
`

func run(ctx context.Context) (err error) {
	fmt.Print(introduction, "\n")
	if os.Geteuid() != 0 {
		return errors.New("booting a machine needs root: run it as root, or with sudo")
	}
	config := cluster.Config{Progress: os.Stdout}
	if err := cluster.InstallHostPackages(ctx, config.Progress); err != nil {
		return err
	}
	assets, err := cluster.Open(config)
	if err != nil {
		return err
	}
	clusterRun, err := cluster.New(ctx, assets)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, clusterRun.Close()) }()
	s := &story{run: clusterRun, assets: assets}
	return s.tell(ctx)
}
