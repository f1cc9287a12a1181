package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hostler-dev/hostler/cri"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/op"
)

// dropIn gives cri-dockerd its command line. The packages' own has the socket alone
// (Mirantis/cri-dockerd packaging/systemd/cri-docker.service).
const dropIn = "/etc/systemd/system/cri-docker.service.d/90-hostler.conf"

func (s Step) dropIn() op.OwnedFile {
	flags := []string{
		"/usr/bin/cri-dockerd", "--container-runtime-endpoint=fd://",
		"--network-plugin=cni", "--cni-bin-dir=" + s.spec.BinDir, "--cni-conf-dir=" + s.spec.ConfDir,
	}
	if s.spec.SandboxImage != "" {
		flags = append(flags, "--pod-infra-container-image="+s.spec.SandboxImage)
	}
	line := strings.ReplaceAll(strings.Join(flags, " \\\n  "), "%", "%%")
	return op.OwnedFile{
		Path: dropIn, Field: "spec.cri.docker",
		Body: []byte("[Unit]\nAfter=" + s.spec.Unit + "\n\n[Service]\nExecStart=\nExecStart=" + line + "\n"),
	}
}

// planCRIDockerd plans what a kubelet needs to reach Docker.
func (s Step) planCRIDockerd(ctx context.Context, v host.View) (ops []steps.Op, remarks, err error) {
	if s.spec.KubernetesMinor == 0 {
		return nil, nil, nil
	}
	if err := s.checkSocket(v); err != nil {
		return nil, nil, err
	}
	file, err := op.PlanOwnedFile(v, s.dropIn())
	if err != nil {
		return nil, nil, err
	}
	if file != nil {
		ops = append(ops, file)
	}
	pkg, remarks, err := planPackage(ctx, v, s.spec.CRIDockerd)
	if err != nil {
		return nil, nil, err
	}
	ops = append(ops, pkg.ops...)
	socket, socketUnit, socketRemark, err := raise(ctx, v, criDockerdSocket, len(pkg.ops) > 0)
	if err != nil {
		return nil, nil, err
	}
	service, unit, serviceRemark, err := raise(ctx, v, criDockerdUnit, len(pkg.ops) > 0)
	if err != nil {
		return nil, nil, err
	}
	ops, remarks = append(append(ops, socket...), service...), errors.Join(remarks, socketRemark, serviceRemark)
	if !v.Live() {
		return ops, remarks, nil
	}
	return append(ops, bridgeJobs(socketUnit, unit, pkg, file != nil)...), remarks, nil
}

// bridgeJobs start the socket before the service that gets it, or restart the
// service: containers are Docker's and live on.
func bridgeJobs(socket, service host.Unit, pkg plannedPackage, newFile bool) []steps.Op {
	var jobs []steps.Op
	if newFile || socket.NeedDaemonReload || service.NeedDaemonReload || socket.LoadState == "masked" || service.LoadState == "masked" {
		jobs = append(jobs, op.DaemonReload{})
	}
	if down(socket) {
		jobs = append(jobs, op.Job{Unit: criDockerdSocket, Verb: host.JobStart, Why: "it is not listening"})
	}
	switch {
	case down(service):
		jobs = append(jobs, op.Job{Unit: criDockerdUnit, Verb: host.JobStart, Why: "it is not running"})
	case newFile:
		jobs = append(jobs, op.Job{Unit: criDockerdUnit, Verb: host.JobRestart, Cost: steps.Restart, Why: dropIn + " changes"})
	case pkg.change() != "":
		jobs = append(jobs, op.Job{Unit: criDockerdUnit, Verb: host.JobRestart, Cost: steps.Restart, Why: "the package changes from " + pkg.change()})
	}
	return jobs
}

// checkSocket refuses a socket unit that listens elsewhere than the kubelet is told.
func (s Step) checkSocket(v host.View) error {
	files, err := unitFiles(v, criDockerdSocket)
	if err != nil {
		return err
	}
	path, in := cri.DockerSocket, ""
	for _, file := range files {
		content, err := v.ReadFile(file)
		if errors.Is(err, host.ErrNotRegular) {
			continue
		}
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(content)) {
			if value, found := strings.CutPrefix(strings.TrimSpace(line), "ListenStream="); found && value != "" {
				path, in = strings.Replace(value, "%t", "/run", 1), file
			}
		}
	}
	if strings.Replace(path, "/var/run/", "/run/", 1) != cri.DockerSocket {
		return fmt.Errorf("%s makes cri-dockerd listen at %s, and the kubelet is told %s: remove the setting there", in, path, cri.DockerSocket)
	}
	return nil
}
