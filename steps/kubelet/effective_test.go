package kubelet

import (
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/op"
)

// What kubeadm 1.36 and its package leave on a node.
const (
	kubeadmDropIn = `# Note: This dropin only works with kubeadm and kubelet v1.11+
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
`
	kubeadmFlags  = "KUBELET_KUBEADM_ARGS=\"--container-runtime-endpoint=unix:///var/run/containerd/containerd.sock\"\n"
	kubeadmUnset  = "cpuManagerReconcilePeriod: 0s\nmemorySwap: {}\nlogging:\n  flushFrequency: 0\n  options:\n    json:\n      infoBufferSize: \"0\"\n  verbosity: 0\n"
	kubeadmPacket = "/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf"
)

// plain is a spec that says what kubeadm says, but for the address, which its users give in KUBELET_EXTRA_ARGS.
func plain() Spec {
	return with(worker("1.36.3"), func(s *Spec) {
		s.Reservation, s.SwapBehavior, s.Taints, s.Join = Reservation{Mode: ReservationOff}, "", nil, Join{}
	})
}

// byKubeadm is a node that kubeadm joined and that runs with the settings of plain, in kubeadm's words and files.
func byKubeadm(t *testing.T, more ...hosttest.Option) *hosttest.Fake {
	t.Helper()
	f := joined(t, with(plain(), func(s *Spec) { s.Join = worker("1.36.3").Join }))
	var config []string
	for line := range strings.Lines(f.Content(ConfigPath)) {
		if !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "containerRuntimeEndpoint") {
			config = append(config, line)
		}
	}
	f.Change(
		hosttest.File(ConfigPath, kubeadmUnset+strings.Join(config, "")), hosttest.Absent(DropInPath),
		hosttest.File(kubeadmPacket, kubeadmDropIn), hosttest.File(kubeadmFlagsFile, kubeadmFlags),
		hosttest.File("/etc/default/kubelet", "KUBELET_EXTRA_ARGS=--node-ip=10.0.0.7\n"),
	)
	f.Change(more...)
	f.Change(hosttest.Reloaded())
	return f
}

func TestTakingOverANodeOfKubeadm(t *testing.T) {
	t.Parallel()
	withConfig := func(from, to string) hosttest.Option {
		return func(f *hosttest.Fake) {
			f.Change(hosttest.File(ConfigPath, strings.Replace(f.Content(ConfigPath), from, to, 1)))
		}
	}
	for name, c := range map[string]struct {
		options []hosttest.Option
		want    string // the reason for the restart; empty: there is none
	}{
		"restarts nothing where its kubelet has the settings already": {nil, ""},
		"restarts for an address that nobody gave": {
			[]hosttest.Option{hosttest.Absent("/etc/default/kubelet")}, "the command line changed: --node-ip"},
		"restarts for a flag that goes": {
			[]hosttest.Option{hosttest.File(kubeadmFlagsFile, "KUBELET_KUBEADM_ARGS=--container-runtime-endpoint=unix:///run/containerd/containerd.sock --v=4\n")},
			"the command line changed: --v"},
		"restarts for another runtime": {
			[]hosttest.Option{hosttest.File(kubeadmFlagsFile, "KUBELET_KUBEADM_ARGS=--container-runtime-endpoint=unix:///run/crio/crio.sock\n")},
			"the configuration changed"},
		"restarts for another setting": {
			[]hosttest.Option{withConfig("containerLogMaxFiles: 4", "containerLogMaxFiles: 5")}, "the configuration changed"},
		"restarts for a period that kubeadm's users set": {
			[]hosttest.Option{withConfig("cpuManagerReconcilePeriod: 0s", "cpuManagerReconcilePeriod: 5s")}, "the configuration changed"},
		"restarts where the command line is more than it understands": {
			[]hosttest.Option{hosttest.File(kubeadmPacket, strings.Replace(kubeadmDropIn, "$KUBELET_EXTRA_ARGS", `"--v=$LEVEL"`, 1))}, "the configuration changed; the command line changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := byKubeadm(t, c.options...)
			var reasons []string
			for range 2 { // the second plan, of a host that has the files, has nothing to add
				ops, err := stepOf(plain()).Plan(t.Context(), f)
				if _, failure := steps.Split(err); failure != nil {
					t.Fatal(failure)
				}
				for _, o := range ops {
					if job, ok := o.(op.Job); ok && job.Verb == host.JobRestart {
						reasons = append(reasons, job.Why)
					}
					if err := o.Do(t.Context(), f); err != nil {
						t.Fatal(err)
					}
				}
			}
			if got := strings.Join(reasons, " | "); got != c.want {
				t.Errorf("got restarts for %q, want %q", got, c.want)
			}
		})
	}
}
