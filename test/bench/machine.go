package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/hostler-dev/hostler/test/bed"
	"github.com/hostler-dev/hostler/test/cluster"
)

// Where things are on the machine.
const (
	groupPath   = "/root/bench/worker.yaml"
	peersFolder = "/root/bench/peers"
)

// policies are the peers' descriptions of the same state.
//
//go:embed all:peers
var policies embed.FS

// machine is the node that is measured, converged, with the peers beside hostler.
type machine struct {
	*cluster.Node
	build    string // folder of programs that were built for it
	versions map[string]string
}

// boot starts the machine, bare.
func boot(ctx context.Context, run *cluster.Run) (*machine, error) {
	node, err := run.Node(ctx, cluster.NodeConfig{Name: "worker-1", Suite: suite})
	if err != nil {
		return nil, err
	}
	return &machine{Node: node, build: filepath.Join(run.Dir(), "bench")}, nil
}

// prepare brings everything that is measured onto the machine.
func (m *machine) prepare(ctx context.Context, run *cluster.Run, debs string) error {
	for _, act := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"building hostler and the benchmark", m.buildPrograms},
		{"bringing the machine to the NodeGroup", func(ctx context.Context) error { return m.converge(ctx, run) }},
		{"installing the peers", func(ctx context.Context) error { return m.installPeers(ctx, debs) }},
		{"writing the peers' policies", m.writePolicies},
	} {
		fmt.Fprintln(os.Stderr, act.what)
		if err := act.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", act.what, err)
		}
	}
	return nil
}

// buildPrograms puts hostler, as people build it, the stopwatch and the Go benchmark
// into the machine's path.
func (m *machine) buildPrograms(ctx context.Context) error {
	if err := os.MkdirAll(m.build, 0o755); err != nil {
		return err
	}
	stopwatch, benchmark := filepath.Join(m.build, "stopwatch"), filepath.Join(m.build, "bench.test")
	for _, program := range []struct {
		path string
		argv []string
	}{
		{"bin/hostler", []string{"make", "--no-print-directory", "build", "TAGS=node"}},
		{stopwatch, []string{"go", "build", "-trimpath", "-ldflags", "-s -w", "-o", stopwatch, "./test/bench/stopwatch"}},
		{benchmark, []string{"go", "test", "-c", "-trimpath", "-ldflags", "-s -w", "-o", benchmark, "./test/bench"}},
	} {
		cmd := exec.CommandContext(ctx, program.argv[0], program.argv[1:]...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", strings.Join(program.argv, " "), err, out)
		}
		if err := m.CopyIn(ctx, program.path, "/usr/local/bin/"+filepath.Base(program.path)); err != nil {
			return err
		}
	}
	return nil
}

// converge lets hostler apply the example without Kubernetes, and checks that a
// second look finds nothing.
func (m *machine) converge(ctx context.Context, run *cluster.Run) error {
	if err := bed.Mirror(ctx, run, m.Node); err != nil {
		return err
	}
	example, err := os.ReadFile("examples/worker.yaml")
	if err != nil {
		return err
	}
	// The policies name the version that the archive has today.
	if _, err := m.Output(ctx, "apt-get", "-q", "update"); err != nil {
		return err
	}
	if m.versions, err = m.candidates(ctx, heldPackages...); err != nil {
		return err
	}
	group, err := bed.Fit(example, cluster.Repository{}, withoutKubernetes, m.withPackages)
	if err != nil {
		return err
	}
	if err := m.WriteFile(ctx, groupPath, group, 0o644); err != nil {
		return err
	}
	if _, err := m.Output(ctx, "hostler", "apply", "-f", groupPath); err != nil {
		return err
	}
	_, err = m.Output(ctx, "hostler", "verify", "-f", groupPath)
	return err
}

// heldPackages are installed and held. containerd is so by spec.cri.
var heldPackages = []string{"conntrack", "containerd", "ethtool", "socat"}

// candidates asks apt for the versions that it would install.
func (m *machine) candidates(ctx context.Context, names ...string) (map[string]string, error) {
	versions := map[string]string{}
	for _, name := range names {
		out, err := m.Output(ctx, "apt-cache", "policy", name)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(out) {
			if version, ok := strings.CutPrefix(strings.TrimSpace(line), "Candidate: "); ok {
				versions[name] = version
			}
		}
		if versions[name] == "" {
			return nil, fmt.Errorf("apt has no version of %s", name)
		}
	}
	return versions, nil
}

// withoutKubernetes leaves the operating system and the container runtime.
func withoutKubernetes(spec map[string]any) {
	for _, field := range []string{"kubernetesVersion", "kubelet", "network", "nodeTemplate"} {
		delete(spec, field)
	}
	delete(bed.Child(spec, "packages"), "repositories")
}

// withPackages names the held packages with their versions.
func (m *machine) withPackages(spec map[string]any) {
	var install []any
	for _, name := range heldPackages {
		if name == "containerd" {
			bed.Child(spec, "cri", "containerd")["version"] = m.versions[name]
			continue
		}
		install = append(install, map[string]any{"name": name, "version": m.versions[name]})
	}
	bed.Child(spec, "packages")["install"] = install
}

// installPeers unpacks the packages that were downloaded before, and lets no
// service start: the peers are measured when they are asked, not in between.
func (m *machine) installPeers(ctx context.Context, debs string) error {
	const folder, noServices = "/var/tmp/peers", "/usr/sbin/policy-rc.d"
	files, err := filepath.Glob(filepath.Join(debs, "*.deb"))
	if err != nil || len(files) == 0 {
		return errors.Join(fmt.Errorf("no packages in %s: remove the folder and try again", debs), err)
	}
	if err := m.WriteFile(ctx, noServices, "#!/bin/sh\nexit 101\n", 0o755); err != nil {
		return err
	}
	if err := m.copyFolder(ctx, debs, folder); err != nil {
		return err
	}
	_, err = m.Shell(ctx, "export DEBIAN_FRONTEND=noninteractive\n"+
		"apt-get -q -y --no-install-recommends -o Dpkg::Options::=--force-unsafe-io install "+folder+"/*.deb\n"+
		"systemctl disable --now cfengine3.service puppet.service >&2\n"+
		"rm -r "+folder+" "+noServices)
	return err
}

// copyFolder copies a folder of this machine into the node.
func (m *machine) copyFolder(ctx context.Context, local, folder string) error {
	if _, err := m.Output(ctx, "mkdir", "-p", folder); err != nil {
		return err
	}
	into, err := m.Command(ctx, "tar", "--extract", "--directory="+folder)
	if err != nil {
		return err
	}
	from := exec.CommandContext(ctx, "tar", "--create", "--directory="+local, ".")
	if into.Stdin, err = from.StdoutPipe(); err != nil {
		return err
	}
	if err := from.Start(); err != nil {
		return err
	}
	out, err := into.CombinedOutput()
	if err != nil {
		err = fmt.Errorf("copying %s: %w\n%s", local, err, out)
	}
	return errors.Join(err, from.Wait())
}

// writePolicies puts the peers' policies on the machine, and beside them the
// files as they should be, which is how an operator of those tools keeps them.
func (m *machine) writePolicies(ctx context.Context) error {
	var words []string
	for _, name := range heldPackages {
		words = append(words, "@"+strings.ToUpper(name)+"@", m.versions[name])
	}
	fill := strings.NewReplacer(words...)
	err := fs.WalkDir(policies, "peers", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := policies.ReadFile(path)
		if err != nil {
			return err
		}
		return m.WriteFile(ctx, "/root/bench/"+path, fill.Replace(string(content)), policyMode(path))
	})
	if err != nil {
		return err
	}
	for _, path := range keptFiles {
		if _, err := m.Output(ctx, "install", "-D", "-m", "0644", path, peersFolder+"/files"+path); err != nil {
			return err
		}
	}
	return nil
}

// policyMode keeps policies from others than root: cf-agent refuses the rest.
func policyMode(path string) os.FileMode {
	if strings.HasSuffix(path, ".sh") {
		return 0o700
	}
	return 0o600
}

// keptFiles are the files that all tools hold, contents, mode and owner.
var keptFiles = []string{
	"/etc/containerd/config.toml",
	"/etc/modules-load.d/hostler.conf",
	"/etc/motd",
	"/etc/sysctl.d/90-hostler.conf",
	"/etc/systemd/journald.conf.d/50-size.conf",
	"/etc/systemd/system/systemd-tmpfiles-clean.timer.d/50-twice-a-day.conf",
}

// waitForPerson tells how to get into the machine, and waits for Ctrl-C.
func (m *machine) waitForPerson(ctx context.Context, err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
	}
	if enter, err := m.EnterCommand(); err == nil {
		fmt.Fprintf(os.Stderr, "the machine stays up until Ctrl-C; a shell in it:\n  %s\n", enter)
	}
	<-ctx.Done()
}
