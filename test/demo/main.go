// Command demo is `make run`: bare Debian machines become nodes of a real
// Kubernetes cluster, and hostler upgrades them one by one under a workload,
// while its availability is measured.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hostler-dev/hostler/test/cluster"
	"github.com/hostler-dev/hostler/test/fleet"
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

const introduction = `hostler turns bare Debian machines into nodes of a Kubernetes cluster, and upgrades them without breaking
what runs on them. You will see both happen, on real parts: machines that boot their own systemd, apt, containerd,
kubelet, and a control plane of etcd, kube-apiserver, controller-manager and scheduler.

Nothing outside of this run is changed: the machines are containers (systemd-nspawn) on a bridge of their
own, and all of it goes away at the end, also after Ctrl-C. Debian packages that the run needs are installed.

The first time, Kubernetes is built from source before anything is seen: about 15 minutes. After that a run takes 2.
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
	began := time.Now()
	f, err := fleet.New(ctx, clusterRun, assets, ".")
	if err != nil {
		return err
	}
	return (&story{fleet: f, began: began}).tell(ctx)
}
