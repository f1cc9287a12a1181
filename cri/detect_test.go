package cri

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps/host/hosttest"
)

const criDockerd, containerdSock = "unix:///run/cri-dockerd.sock", "/run/containerd/containerd.sock"

func config(endpoint string) hosttest.Option {
	return hosttest.File(kubeletConfig, "kind: KubeletConfiguration\ncontainerRuntimeEndpoint: "+endpoint+"\n")
}

func active(name string) hosttest.Option {
	return func(f *hosttest.Fake) { f.Change(hosttest.UnitFile(name, unitFile), hosttest.Running(name)) }
}

func TestDetect(t *testing.T) {
	t.Parallel()
	marked := hosttest.File(containerdConfig, ContainerdMark+" …\nversion = 2\n")
	cases := map[string]struct {
		host     *hosttest.Fake
		want     string // socket; empty: no runtime
		evidence string
	}{
		"nothing on a bare host":                           {hosttest.New(), "", ""},
		"what the kubelet's configuration says":            {hosttest.New(config(criDockerd)), DockerSocket, "containerRuntimeEndpoint in /var/lib/kubelet/config.yaml"},
		"the same below /var/run":                          {hosttest.New(config("unix:///var/run/containerd/containerd.sock")), containerdSock, kubeletConfig},
		"what kubeadm's flags say, before the file":        {hosttest.New(config(criDockerd), hosttest.File("/var/lib/kubelet/kubeadm-flags.env", "KUBELET_KUBEADM_ARGS=\"--container-runtime-endpoint=unix:///run/crio/crio.sock --node-ip=10.0.0.7\"\n")), "/run/crio/crio.sock", "kubeadm-flags.env"},
		"a flag with a blank":                              {hosttest.New(hosttest.File("/etc/default/kubelet", "KUBELET_EXTRA_ARGS=\"--v=2 --container-runtime-endpoint unix:///run/crio/crio.sock\"\n")), "/run/crio/crio.sock", "/etc/default/kubelet"},
		"the kubelet's in an image":                        {hosttest.New(hosttest.Image(), config(criDockerd)), DockerSocket, kubeletConfig},
		"a socket that it does not know":                   {hosttest.New(config("unix:///run/k3s/containerd/containerd.sock")), "/run/k3s/containerd/containerd.sock", kubeletConfig},
		"an active CRI-O without a kubelet":                {hosttest.New(active("crio.service")), "/run/crio/crio.sock", "crio.service, which is active"},
		"an active cri-dockerd beside containerd":          {hosttest.New(active("containerd.service"), active("docker.service"), active("cri-docker.service")), DockerSocket, "cri-docker.service"},
		"no runtime in Docker's containerd":                {hosttest.New(active("containerd.service"), active("docker.service")), "", ""},
		"a containerd that hostler has set up":             {hosttest.New(active("containerd.service"), marked), containerdSock, "containerd.service, which is active"},
		"no runtime in a containerd that is stopped":       {hosttest.New(hosttest.UnitFile("containerd.service", unitFile), marked), "", ""},
		"the kubelet's, whatever else runs":                {hosttest.New(config(criDockerd), active("containerd.service"), marked), DockerSocket, kubeletConfig},
		"nothing where the configuration cannot be parsed": {hosttest.New(hosttest.File(kubeletConfig, "\t")), "", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok, err := Detect(t.Context(), c.host)
			if err != nil || ok != (c.want != "") || got.Socket != c.want || !strings.Contains(got.Evidence, c.evidence) {
				t.Errorf("got %+v, %v, %v, want %q by %q", got, ok, err, c.want, c.evidence)
			}
		})
	}
}

func TestDetectAsksTheRunningKubeletFirst(t *testing.T) {
	t.Parallel()
	h := hosttest.New(config(criDockerd), active(kubeletUnit))
	unit, err := h.Unit(t.Context(), kubeletUnit)
	if err != nil || unit.MainPID == 0 {
		t.Fatalf("got %+v, %v, want a process", unit, err)
	}
	h.Change(hosttest.File("/proc/"+strconv.Itoa(unit.MainPID)+"/cmdline", "/usr/bin/kubelet\x00--v=2\x00--container-runtime-endpoint=unix:///run/crio/crio.sock\x00"))
	got, ok, err := Detect(t.Context(), h)
	if err != nil || !ok || got.Socket != "/run/crio/crio.sock" || !strings.Contains(got.Evidence, "running kubelet") {
		t.Errorf("got %+v, %v, %v, want the socket of the process", got, ok, err)
	}
}

func TestCheckChange(t *testing.T) {
	t.Parallel()
	docker := Runtime{Name: "Docker", Type: "Docker", Socket: DockerSocket}
	cases := map[string]struct {
		host *hosttest.Fake
		want []string // nothing: no change
	}{
		"is no change on a bare host":             {hosttest.New(), nil},
		"is no change where it serves already":    {hosttest.New(config(criDockerd)), nil},
		"is no change from dockershim":            {hosttest.New(config("unix:///var/run/dockershim.sock")), nil},
		"is no change beside Docker's containerd": {hosttest.New(active("containerd.service"), active("docker.service")), nil},
		"names both and the way out": {hosttest.New(config("unix:///run/containerd/containerd.sock")), []string{
			"containerd serves it at /run/containerd/containerd.sock (by containerRuntimeEndpoint in /var/lib/kubelet/config.yaml)",
			"spec.cri.type Docker wants Docker at /run/cri-dockerd.sock", "drain it, delete its Node, and set the machine up anew",
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := CheckChange(t.Context(), c.host, docker)
			if errors.Is(err, ErrChange) != (c.want != nil) || c.want == nil && err != nil {
				t.Fatalf("got %v, want a change %v", err, c.want != nil)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
		})
	}
}

func TestFindSocket(t *testing.T) {
	t.Parallel()
	const crio = "/run/crio/crio.sock"
	for name, c := range map[string]struct {
		there []string
		want  string // empty: an error
	}{
		"finds containerd's alone":               {[]string{containerdSock}, containerdSock},
		"takes the other of containerd's and it": {[]string{containerdSock, crio}, crio},
		"takes Docker's beside its containerd's": {[]string{containerdSock, DockerSocket}, DockerSocket},
		"does not choose between two others":     {[]string{crio, DockerSocket}, ""},
		"finds none":                             {nil, ""},
	} {
		h := hosttest.New()
		for _, path := range c.there {
			h.Change(hosttest.File(path, ""))
		}
		got, err := FindSocket(h)
		if got != c.want || (c.want == "") != errors.Is(err, ErrNoSocket) {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, c.want)
		}
	}
}
