package kubelet

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
	"github.com/hostler-dev/hostler/steps/steptest"
)

const caFile = "/root/join/ca.crt"

// What the kubelet writes when it joins.
const (
	kubeconfig        = "kind: Config\nusers:\n- name: default-auth\n  user:\n    client-certificate: " + clientCertificate + "\n    client-key: " + clientCertificate + "\n"
	clientCertificate = "/var/lib/kubelet/pki/kubelet-client-current.pem"
)

// worker is a spec that uses most of what there is.
func worker(version string) Spec {
	return Spec{
		Version: version, KubeletPackage: "kubelet", KubectlPackage: "kubectl", EnvironmentFile: "/etc/default/kubelet",
		Labels:    map[string]string{"hostler.dev/node-group": "worker", "topology.kubernetes.io/zone": "a"},
		Taints:    []Taint{{Key: "dedicated", Value: "db", Effect: "NoSchedule"}},
		CRISocket: "/run/containerd/containerd.sock", CgroupDriver: "systemd", RuntimeUnit: "containerd.service",
		LogMaxSize: "50Mi", LogMaxFiles: 4, Reservation: Reservation{Mode: ReservationAuto}, SwapBehavior: "NoSwap",
		Overlay: map[string]any{"clusterDNS": []any{"10.96.0.10"}, "clusterDomain": "cluster.local"},
		Join:    Join{APIServer: "https://10.0.0.1:6443", CAFile: caFile, TokenFile: "/root/join/token"},
	}
}

func stepOf(spec Spec) Step {
	return Step{Spec: spec, Packages: packages{}, ChooseIP: func(context.Context, host.View) (netip.Addr, error) {
		return netip.MustParseAddr("10.0.0.7"), nil
	}}
}

// bare is a machine with what the step reads, and nothing of Kubernetes.
func bare(t *testing.T, more ...hosttest.Option) *hosttest.Fake {
	t.Helper()
	return hosttest.New(append([]hosttest.Option{
		hosttest.Sysctl("kernel.hostname", "node-7"),
		hosttest.File("/etc/resolv.conf", "nameserver 10.0.0.2\n"),
		hosttest.File("/proc/meminfo", "MemTotal:        8011000 kB\nMemFree:          100 kB\n"),
		hosttest.File("/sys/devices/system/cpu/online", "0-1\n"),
		hosttest.File("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n"),
		hosttest.Dir(packageFolder, 0o755),
		hosttest.File(caFile, fixedCA),
		hosttest.FileWith("/root/join/token", "abcdef.0123456789abcdef\n", host.Attr{Mode: 0o600}),
	}, more...)...)
}

// joined is a machine that the step has converged at a version, some time later:
// the kubelet runs and has its kubeconfig.
func joined(t *testing.T, spec Spec, more ...hosttest.Option) *hosttest.Fake {
	t.Helper()
	f := bare(t)
	ops, err := stepOf(spec).Plan(t.Context(), f)
	if _, failure := steps.Split(err); failure != nil {
		t.Fatal(failure)
	}
	for _, o := range ops {
		if err := o.Do(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	f.Change(hosttest.File(KubeconfigPath, kubeconfig), hosttest.File(clientCertificate, "a certificate and a key"), hosttest.Reloaded(), hosttest.Running(UnitName))
	f.Change(more...)
	return f.Clone() // without the calls that made it
}

func TestStep(t *testing.T) {
	t.Parallel()
	const v135, v136 = "1.35.4", "1.36.3"
	cases := []struct {
		name, golden string
		spec         func() Spec
		host         func() *hosttest.Fake
	}{
		{"installs, configures, joins and starts on a bare host", "bare.golden",
			func() Spec { return worker(v136) }, func() *hosttest.Fake { return bare(t) }},
		{"has nothing to do on a converged host", "converged.golden",
			func() Spec { return worker(v136) }, func() *hosttest.Fake { return joined(t, worker(v136)) }},
		{"needs no join on a host that has joined", "joined-without-join.golden",
			func() Spec { return with(worker(v136), func(s *Spec) { s.Join = Join{} }) },
			func() *hosttest.Fake { return joined(t, worker(v136)) }},
		{"restarts for a configuration that drifted", "drifted.golden",
			func() Spec { return worker(v136) },
			func() *hosttest.Fake {
				return joined(t, worker(v136), hosttest.File(ConfigPath, "kind: KubeletConfiguration\ncgroupDriver: systemd\nmaxPods: 10\n"))
			}},
		{"restarts nothing for the modes of files", "modes.golden",
			func() Spec { return worker(v136) },
			func() *hosttest.Fake {
				f := joined(t, worker(v136))
				for _, path := range []string{ConfigPath, DropInPath, CAPath} {
					f.Change(hosttest.FileWith(path, f.Content(path), host.Attr{Mode: 0o600}))
				}
				f.Change(hosttest.Reloaded())
				return f
			}},
		{"repairs mode, enablement and a missing folder", "half-done.golden",
			func() Spec { return worker(v136) },
			func() *hosttest.Fake {
				return joined(t, worker(v136), hosttest.Absent(StaticPodPath), hosttest.Absent("/etc/systemd/system/multi-user.target.wants"),
					hosttest.FileWith(BootstrapPath, "", host.Attr{Mode: 0o600}))
			}},
		{"starts a kubelet that stopped", "stopped.golden",
			func() Spec { return worker(v136) }, func() *hosttest.Fake { return joined(t, worker(v136), hosttest.Inactive(UnitName)) }},
		{"restarts for another patch version", "patch.golden",
			func() Spec { return worker("1.35.6") }, func() *hosttest.Fake { return joined(t, worker(v135)) }},
		{"drains for another minor version", "minor.golden",
			func() Spec { return worker(v136) }, func() *hosttest.Fake { return joined(t, worker(v135)) }},
		{"drains for another cgroup driver", "cgroup-driver.golden",
			func() Spec { return with(worker(v136), func(s *Spec) { s.CgroupDriver = "cgroupfs" }) },
			func() *hosttest.Fake { return joined(t, worker(v136)) }},
		{"starts the CPU manager afresh for another policy", "cpu-manager.golden",
			func() Spec {
				return with(worker(v136), func(s *Spec) { s.Overlay["cpuManagerPolicy"] = "static" })
			},
			func() *hosttest.Fake {
				return joined(t, worker(v136), hosttest.File("/var/lib/kubelet/cpu_manager_state", "{}"))
			}},
		{"restarts a kubelet that waits for its certificate with a wrong token", "another-token.golden",
			func() Spec { return with(worker(v136), func(s *Spec) { s.Join.TokenFile = "/root/join/token2" }) },
			func() *hosttest.Fake {
				return joined(t, worker(v136), hosttest.Absent(clientCertificate),
					hosttest.FileWith("/root/join/token2", "fedcba.0123456789abcdef\n", host.Attr{Mode: 0o600}))
			}},
		{"says that labels of a registered node stay", "labels.golden",
			func() Spec { return with(worker(v136), func(s *Spec) { s.Labels["team"] = "a" }) },
			func() *hosttest.Fake { return joined(t, worker(v136)) }},
		{"writes what all machines share into an image", "image.golden",
			func() Spec { return with(worker(v136), func(s *Spec) { s.Join = Join{} }) },
			func() *hosttest.Fake { return bare(t, hosttest.Image()) }},
		{"takes a name, addresses and a folder that are given", "given.golden",
			func() Spec {
				return with(worker(v136), func(s *Spec) {
					s.NodeName, s.NodeIP, s.RootDir = "db-1", "10.0.0.9,fd00::9", "/data/kubelet"
				})
			}, func() *hosttest.Fake { return bare(t) }},
		{"warns of what overrides it", "foreign.golden",
			func() Spec { return worker(v136) },
			func() *hosttest.Fake {
				return joined(t, worker(v136),
					hosttest.File("/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf", "[Service]\nExecStart=\nExecStart=/usr/bin/kubelet $KUBELET_KUBEADM_ARGS\n"),
					hosttest.File("/etc/systemd/system/kubelet.service.d/99-mine.conf", "[Service]\nExecStart=/usr/bin/kubelet\n"),
					hosttest.File("/etc/systemd/system/kubelet.service.d/50-limits.conf", "[Service]\nLimitNOFILE=1000000\n"),
					hosttest.File("/etc/default/kubelet", "KUBELET_EXTRA_ARGS=--max-pods=20 --node-labels=x=y\n"),
					hosttest.Reloaded())
			}},
	}
	for _, c := range cases {
		steptest.Run(t, steptest.Case{
			Name: c.name, Golden: "testdata/" + c.golden, Host: c.host, Kinds: []map[string]steps.Op{{"install": install{}}},
			Step: func() steps.Step { return stepOf(c.spec()) },
		})
	}
}

func TestAnImageWithoutTheUnitHasNothingToEnable(t *testing.T) {
	t.Parallel()
	spec := with(worker("1.36.3"), func(s *Spec) { s.Join = Join{} })
	steptest.Run(t, steptest.Case{
		Name: "leaves the unit alone", Golden: "testdata/image-without-package.golden",
		Host: func() *hosttest.Fake { return bare(t, hosttest.Image()) },
		Step: func() steps.Step { return Step{Spec: spec, Packages: warnsOnly{}} },
	})
}

func with(spec Spec, mutate func(*Spec)) Spec {
	mutate(&spec)
	return spec
}

func TestPlanFails(t *testing.T) {
	t.Parallel()
	notJoined := func(s *Spec) { s.Join = Join{} }
	v1 := []hosttest.Option{hosttest.Absent("/sys/fs/cgroup/cgroup.controllers"), hosttest.Dir("/sys/fs/cgroup/memory", 0o755)}
	cases := map[string]struct {
		mutate func(*Spec)
		host   []hosttest.Option
		want   []string
	}{
		"without a way into the cluster": {notJoined, nil, []string{"--api-server URL, --ca-file FILE and --token-file FILE", "no /etc/kubernetes/pki/ca.crt"}},
		"with a bootstrap kubeconfig that is not there": {func(s *Spec) {
			s.Join = Join{CAFile: caFile, BootstrapKubeconfig: "/root/bootstrap"}
		}, nil, []string{"bootstrap kubeconfig /root/bootstrap does not exist"}},
		"without the token's file":            {func(*Spec) {}, []hosttest.Option{hosttest.Absent("/root/join/token")}, []string{"--token-file"}},
		"with a CA file without certificates": {func(*Spec) {}, []hosttest.Option{hosttest.File(caFile, "hello\n")}, []string{"--ca-file " + caFile + ": it holds no certificate"}},
		"on cgroup v1":                        {func(*Spec) {}, v1, []string{"cgroup v1, and kubelet 1.36.3 refuses to start", "failCgroupV1: false"}},
		"for a host without a name":           {func(*Spec) {}, []hosttest.Option{hosttest.Sysctl("kernel.hostname", "localhost")}, []string{"hostnamectl set-hostname"}},
		"for a flag that ends the kubelet": {func(*Spec) {}, []hosttest.Option{
			hosttest.File("/etc/default/kubelet", "KUBELET_EXTRA_ARGS=\"--pod-infra-container-image=pause:3.9\"\n"),
		}, []string{"/etc/default/kubelet:1 passes --pod-infra-container-image"}},
		"for an overlay with mistakes, all named": {func(s *Spec) {
			s.Overlay = map[string]any{"maxPods": int64(5), "clusterDns": []any{"10.0.0.10"}}
		}, nil, []string{"kubelet.config.maxPods", "did you mean clusterDNS?"}},
		"for an overlay newer than the kubelet": {func(s *Spec) {
			s.Version, s.Overlay = "1.35.4", map[string]any{"memoryReservationPolicy": "None"}
		}, nil, []string{"memoryReservationPolicy came with Kubernetes 1.36"}},
		"where a file is a folder": {func(*Spec) {}, []hosttest.Option{hosttest.Dir(ConfigPath, 0o755)}, []string{ConfigPath + " is a directory"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := worker("1.36.3")
			c.mutate(&spec)
			ops, err := stepOf(spec).Plan(t.Context(), bare(t, c.host...))
			_, failure := steps.Split(err)
			if failure == nil {
				t.Fatalf("got no failure and %d ops, want a failure", len(ops))
			}
			for _, want := range c.want {
				if !strings.Contains(failure.Error(), want) {
					t.Errorf("got %q, want it to say %q", failure, want)
				}
			}
		})
	}
}

func TestPlanStartsOnCgroupV1(t *testing.T) {
	t.Parallel()
	v1 := func() *hosttest.Fake {
		return bare(t, hosttest.Absent("/sys/fs/cgroup/cgroup.controllers"), hosttest.Dir("/sys/fs/cgroup/memory", 0o755))
	}
	allowed := worker("1.36.3")
	allowed.Overlay["failCgroupV1"] = false
	for name, spec := range map[string]Spec{"where the overlay allows it": allowed, "before 1.35": worker("1.34.4")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := stepOf(spec).Plan(t.Context(), v1())
			if _, failure := steps.Split(err); failure != nil {
				t.Errorf("got %v, want a plan", failure)
			}
		})
	}
}

// No secret may pass through hostler: neither into an op nor into a file.
func TestPlanNeverHoldsTheToken(t *testing.T) {
	t.Parallel()
	ops, err := stepOf(worker("1.36.3")).Plan(t.Context(), bare(t))
	if err != nil {
		t.Fatal(err)
	}
	codec, err := op.NewCodec(op.Kinds(), map[string]steps.Op{"install": install{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range ops {
		data, err := codec.Encode(o)
		if err != nil {
			t.Fatal(err)
		}
		file, isFile := o.(op.File)
		if strings.Contains(string(data), "0123456789abcdef") || isFile && strings.Contains(string(file.Content), "0123456789abcdef") {
			t.Errorf("%s holds the token", o.Key())
		}
	}
}
