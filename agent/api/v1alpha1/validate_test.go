package v1alpha1_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/steps/kubelet/config"
)

// validGroup uses everything that is served.
func validGroup(t *testing.T) *v1alpha1.NodeGroup {
	t.Helper()
	group := decode(t, object(t, `
metadata: {name: worker}
spec:
  nodeSelector: {example.com/pool: worker}
  kubernetesVersion: 1.36.3
  packages:
    repositories:
      - {name: kubernetes, distros: [debian, ubuntu/24.04], type: apt, url: "https://example.com/deb", suite: stable, components: [main], key: /etc/key.asc}
      - {name: flat, type: apt, url: "file:///srv/deb", suite: ./, key: "-----BEGIN PGP PUBLIC KEY BLOCK-----"}
      - {name: el, type: rpm, url: "http://example.com/rpm", key: /etc/key.asc}
    install: [{name: socat}, {name: libstdc++6, version: "2:1.0~rc1+b2-3"}]
    remove: [nano]
    lockTimeout: 1m
  cri:
    containerd: {version: 1.7.24~ds1-6, maxConcurrentDownloads: 5, sandboxImage: "registry.k8s.io/pause:3.10", cgroupDriver: Systemd, config: {debug: {level: info}}}
  kubelet:
    maxPods: 60
    nodeIP: 10.0.0.7
    containerLogMaxSize: 20Mi
    containerLogMaxFiles: 2
    seccompDefault: true
    resourceReservation: {mode: Static, static: {cpu: 200m, memory: 1Gi}}
    topologyManager: {policy: SingleNumaNode, scope: Pod}
    memorySwap: {swapBehavior: LimitedSwap}
    config: {clusterDNS: [10.96.0.10]}
  operatingSystem:
    sysctl: {net.ipv4.ip_forward: "1", net/ipv4/conf/eth0.100/rp_filter: "0"}
    kernelModules: [overlay, br_netfilter]
    files: [{path: /etc/a, mode: "0600", owner: "1000:adm", content: x, impact: Drain, restart: [a@b.service]}]
    units: [{name: a.service, enabled: true, state: Running, masked: false, dropIns: [{name: 10-a.conf, content: x}]}]
    swap: Unmanaged
  network: {cni: {type: Bridge, bridge: {subnet: 10.88.0.0/16}}}
  nodeTemplate:
    annotations: {example.com/rack: "7"}
    labels: {example.com/a: b, node.kubernetes.io/pool: c, topology.kubernetes.io/zone: d}
    taints: [{key: a, value: b, effect: NoExecute}]
  update:
    maxUnavailable: 10%
    waves: [{name: canary, selector: {matchLabels: {a: b}}, size: 1, soak: 0s}, {name: second, size: 20%}]
    order: OldestFirst
    windows: [{days: [Sat, Sun], from: "22:00", to: "06:00", timeZone: Europe/Berlin}]
    exclusions: [{from: "2026-12-24T00:00:00Z", to: "2026-12-27T00:00:00Z", reason: holidays}]
    failureBudget: 3
    paused: true
    gates: {prometheus: [{url: "http://prometheus:9090", query: "ALERTS > 0"}], daemonSets: {selector: {matchLabels: {a: b}}}}
  disruptions:
    approvalMode: Manual
    automatic: {drainBeforeApproval: false, windows: [{from: "22:00", to: "06:00"}]}
    drain: {timeout: 1m, onTimeout: Force, skipWaitForDeleteTimeout: 1m}
  drift: {policy: Alert, items: [{key: "file:/etc/motd", policy: Ignore}]}
`))
	group.SetDefaults()
	return group
}

func TestValidateAccepts(t *testing.T) {
	t.Parallel()
	cases := map[string]func(g *v1alpha1.NodeGroup){
		"everything that is served": func(*v1alpha1.NodeGroup) {},
		"an empty spec":             func(g *v1alpha1.NodeGroup) { g.Spec = v1alpha1.NodeGroupSpec{} },
		"a group without a kubelet": func(g *v1alpha1.NodeGroup) {
			g.Spec = v1alpha1.NodeGroupSpec{}
			g.Spec.Packages.Install = []v1alpha1.Package{{Name: "kubelet"}}
		},
		"an IPv6 node": func(g *v1alpha1.NodeGroup) {
			g.Spec.Kubelet.NodeIP = "2001:db8::7"
			g.Spec.Network.CNI.Bridge.Subnet = "fd00::/64"
		},
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			group := validGroup(t)
			change(group)
			group.SetDefaults()
			if errs := group.Validate(); len(errs) > 0 {
				t.Errorf("got %v, want nothing", errs.ToAggregate())
			}
		})
	}
}

// TestValidateRefuses changes one thing of a valid group, and wants a problem at that path and nowhere else.
func TestValidateRefuses(t *testing.T) {
	t.Parallel()
	type group = v1alpha1.NodeGroup
	no, negative := false, resource.MustParse("-1")
	zero, tooMuch, percentless := intstr.FromInt32(0), intstr.FromString("110%"), intstr.FromString("10")
	cases := map[string]map[string]func(g *group){
		"metadata.name": {
			"missing":    func(g *group) { g.Name = "" },
			"upper-case": func(g *group) { g.Name = "Worker" },
			"too long":   func(g *group) { g.Name = strings.Repeat("a", 64) },
		},
		"metadata.namespace": {"there": func(g *group) { g.Namespace = "default" }},
		"spec.nodeSelector[a b]": {
			"no label key": func(g *group) { g.Spec.NodeSelector = map[string]string{"a b": ""} },
		},
		"spec.kubernetesVersion": {
			"with a v":     func(g *group) { g.Spec.KubernetesVersion = "v1.36.3" },
			"minor only":   func(g *group) { g.Spec.KubernetesVersion = "1.36" },
			"leading zero": func(g *group) { g.Spec.KubernetesVersion = "1.036.3" },
		},
		"spec.packages.lockTimeout": {"nothing": func(g *group) { g.Spec.Packages.LockTimeout.Duration = 0 }},
		"spec.packages.remove[0]": {
			"installed too": func(g *group) { g.Spec.Packages.Remove[0] = "socat" },
			"managed":       func(g *group) { g.Spec.Packages.Remove[0] = "kubelet" },
			"with version":  func(g *group) { g.Spec.Packages.Remove[0] = "nano=1" },
		},
		"spec.packages.install[1].name": {
			"twice":   func(g *group) { g.Spec.Packages.Install[1].Name = "socat" },
			"missing": func(g *group) { g.Spec.Packages.Install[1].Name = "" },
			"managed": func(g *group) { g.Spec.Packages.Install[1].Name = "kubectl" },
		},
		"spec.packages.install[1].version": {
			"a wildcard": func(g *group) { g.Spec.Packages.Install[1].Version = "1.*" },
		},

		"spec.packages.repositories[1].name": {
			"twice":  func(g *group) { g.Spec.Packages.Repositories[1].Name = "kubernetes" },
			"a path": func(g *group) { g.Spec.Packages.Repositories[1].Name = "../x" },
		},
		"spec.packages.repositories[0].distros[1]": {
			"twice":  func(g *group) { g.Spec.Packages.Repositories[0].Distros[1] = "debian" },
			"a name": func(g *group) { g.Spec.Packages.Repositories[0].Distros[1] = "Ubuntu 24.04" },
		},
		"spec.packages.repositories[0].type": {
			"missing": func(g *group) { g.Spec.Packages.Repositories[0].Type = "" },
			"unknown": func(g *group) { g.Spec.Packages.Repositories[0].Type = "deb" },
		},
		"spec.packages.repositories[0].url": {
			"missing":    func(g *group) { g.Spec.Packages.Repositories[0].URL = "" },
			"ftp":        func(g *group) { g.Spec.Packages.Repositories[0].URL = "ftp://a" },
			"a password": func(g *group) { g.Spec.Packages.Repositories[0].URL = "https://a:b@c" },
			"no host":    func(g *group) { g.Spec.Packages.Repositories[0].URL = "http:///a" },
		},
		"spec.packages.repositories[0].suite": {
			"missing": func(g *group) { g.Spec.Packages.Repositories[0].Suite = "" },
			"options": func(g *group) { g.Spec.Packages.Repositories[0].Suite = "[trusted=yes]" },
		},
		"spec.packages.repositories[0].components": {
			"missing": func(g *group) { g.Spec.Packages.Repositories[0].Components = nil },
		},
		"spec.packages.repositories[1].components": {
			"of a flat suite": func(g *group) { g.Spec.Packages.Repositories[1].Components = []string{"main"} },
		},
		"spec.packages.repositories[2].suite": {
			"of rpm": func(g *group) { g.Spec.Packages.Repositories[2].Suite = "stable" },
		},
		"spec.packages.repositories[0].key": {
			"missing":  func(g *group) { g.Spec.Packages.Repositories[0].Key = "" },
			"relative": func(g *group) { g.Spec.Packages.Repositories[0].Key = "key.asc" },
			"private":  func(g *group) { g.Spec.Packages.Repositories[0].Key = "-----BEGIN PGP PRIVATE KEY BLOCK-----" },
		},

		"spec.cri.type": {"unknown": func(g *group) {
			g.Spec.CRI.Containerd = nil
			g.Spec.CRI.Type = "CRI-O"
		}},
		"spec.cri.containerd.version": {
			"a range": func(g *group) { g.Spec.CRI.Containerd.Version = ">= 1.7" },
		},
		"spec.cri.containerd.maxConcurrentDownloads": {
			"negative": func(g *group) { g.Spec.CRI.Containerd.MaxConcurrentDownloads = -1 },
		},
		"spec.cri.containerd.sandboxImage": {
			"blanks": func(g *group) { g.Spec.CRI.Containerd.SandboxImage = "a b" },
		},
		"spec.cri.containerd.cgroupDriver": {
			"unknown": func(g *group) { g.Spec.CRI.Containerd.CgroupDriver = "systemd" },
		},
		"spec.cri.containerd.config.version": {
			"owned": func(g *group) { g.Spec.CRI.Containerd.Config["version"] = int64(2) },
		},
		"spec.kubelet.maxPods": {"none": func(g *group) { *g.Spec.Kubelet.MaxPods = 0 }},
		"spec.kubelet.nodeIP": {
			"a network": func(g *group) { g.Spec.Kubelet.NodeIP = "10.0.0.0/8" },
			"loopback":  func(g *group) { g.Spec.Kubelet.NodeIP = "127.0.0.1" },
			"a name":    func(g *group) { g.Spec.Kubelet.NodeIP = "node" },
		},
		"spec.kubelet.containerLogMaxSize": {
			"nothing": func(g *group) { g.Spec.Kubelet.ContainerLogMaxSize = &negative },
		},
		"spec.kubelet.containerLogMaxFiles": {"one": func(g *group) { g.Spec.Kubelet.ContainerLogMaxFiles = 1 }},
		"spec.kubelet.resourceReservation.static": {
			"missing":          func(g *group) { g.Spec.Kubelet.ResourceReservation.Static = nil },
			"for another mode": func(g *group) { g.Spec.Kubelet.ResourceReservation.Mode = "Off" },
		},
		"spec.kubelet.resourceReservation.static.cpu": {
			"negative": func(g *group) { g.Spec.Kubelet.ResourceReservation.Static.CPU = &negative },
		},
		"spec.kubelet.topologyManager.policy": {
			"as kubelet spells it": func(g *group) { g.Spec.Kubelet.TopologyManager.Policy = "best-effort" },
		},
		"spec.kubelet.config.maxPods": {
			"owned": func(g *group) { g.Spec.Kubelet.Config["maxPods"] = int64(10) },
		},
		"spec.operatingSystem.sysctl[net.ipv4.*]": {
			"a pattern": func(g *group) { g.Spec.OperatingSystem.Sysctl["net.ipv4.*"] = "1" },
		},
		"spec.operatingSystem.sysctl[net/ipv4/ip_forward]": {
			"spelt twice": func(g *group) { g.Spec.OperatingSystem.Sysctl["net/ipv4/ip_forward"] = "0" },
		},
		"spec.operatingSystem.sysctl[vm.swappiness]": {
			"empty":     func(g *group) { g.Spec.OperatingSystem.Sysctl["vm.swappiness"] = " " },
			"two lines": func(g *group) { g.Spec.OperatingSystem.Sysctl["vm.swappiness"] = "1\nvm.panic_on_oom=1" },
		},
		"spec.operatingSystem.kernelModules[1]": {
			"twice":  func(g *group) { g.Spec.OperatingSystem.KernelModules = []string{"br_netfilter", "br-netfilter"} },
			"a file": func(g *group) { g.Spec.OperatingSystem.KernelModules[1] = "overlay.ko" },
		},
		"spec.operatingSystem.files[0].path": {
			"relative": func(g *group) { g.Spec.OperatingSystem.Files[0].Path = "etc/a" },
			"upwards":  func(g *group) { g.Spec.OperatingSystem.Files[0].Path = "/etc/../a" },
			"a folder": func(g *group) { g.Spec.OperatingSystem.Files[0].Path = "/etc/" },
			"the root": func(g *group) { g.Spec.OperatingSystem.Files[0].Path = "/" },
		},
		"spec.operatingSystem.files[1].path": {"twice": func(g *group) {
			g.Spec.OperatingSystem.Files = append(g.Spec.OperatingSystem.Files, g.Spec.OperatingSystem.Files[0])
		}},
		"spec.operatingSystem.files[0].mode": {
			"not octal": func(g *group) { g.Spec.OperatingSystem.Files[0].Mode = "0888" },
			"letters":   func(g *group) { g.Spec.OperatingSystem.Files[0].Mode = "rw-" },
		},
		"spec.operatingSystem.files[0].owner": {
			"no group": func(g *group) { g.Spec.OperatingSystem.Files[0].Owner = "root" },
		},
		"spec.operatingSystem.files[0].content": {
			"a private key": func(g *group) { g.Spec.OperatingSystem.Files[0].Content = "x\n-----BEGIN OPENSSH PRIVATE KEY-----\n" },
		},
		"spec.operatingSystem.files[0].impact": {
			"unknown": func(g *group) { g.Spec.OperatingSystem.Files[0].Impact = "reboot" },
		},
		"spec.operatingSystem.files[0].restart[0]": {
			"no type": func(g *group) { g.Spec.OperatingSystem.Files[0].Restart[0] = "chrony" },
		},
		"spec.operatingSystem.units[0]": {
			"nothing to do": func(g *group) { g.Spec.OperatingSystem.Units[0] = v1alpha1.Unit{Name: "a.service"} },
		},
		"spec.operatingSystem.units[0].name": {
			"unknown type": func(g *group) { g.Spec.OperatingSystem.Units[0].Name = "a.conf" },
			"too long":     func(g *group) { g.Spec.OperatingSystem.Units[0].Name = strings.Repeat("a", 255) + ".service" },
		},
		"spec.operatingSystem.units[0].state": {"unknown": func(g *group) { g.Spec.OperatingSystem.Units[0].State = "Started" }, "masked": func(g *group) {
			*g.Spec.OperatingSystem.Units[0].Masked = true
			g.Spec.OperatingSystem.Units[0].Enabled = &no
		}},
		"spec.operatingSystem.units[0].dropIns[0].name": {
			"no .conf": func(g *group) { g.Spec.OperatingSystem.Units[0].DropIns[0].Name = "a" },
			"a path":   func(g *group) { g.Spec.OperatingSystem.Units[0].DropIns[0].Name = "../a.conf" },
		},
		"spec.operatingSystem.swap": {"unknown": func(g *group) { g.Spec.OperatingSystem.Swap = "Off" }},
		"spec.network.cni.type": {
			"unknown": func(g *group) { g.Spec.Network.CNI = v1alpha1.CNISpec{Type: "Calico"} },
		},
		"spec.network.cni.bridge": {
			"missing":          func(g *group) { g.Spec.Network.CNI.Bridge = nil },
			"for another type": func(g *group) { g.Spec.Network.CNI.Type = "NotManaged" },
		},
		"spec.network.cni.bridge.subnet": {
			"host bits":  func(g *group) { g.Spec.Network.CNI.Bridge.Subnet = "10.88.0.1/16" },
			"no room":    func(g *group) { g.Spec.Network.CNI.Bridge.Subnet = "10.88.0.0/31" },
			"an address": func(g *group) { g.Spec.Network.CNI.Bridge.Subnet = "10.88.0.0" },
		},
		"spec.nodeTemplate.labels[a]": {
			"no value": func(g *group) { g.Spec.NodeTemplate.Labels["a"] = "b c" },
		},
		"spec.nodeTemplate.labels[node-role.kubernetes.io/worker]": {
			"not the kubelet's": func(g *group) { g.Spec.NodeTemplate.Labels["node-role.kubernetes.io/worker"] = "" },
		},
		"spec.nodeTemplate.annotations[a b]": {
			"no annotation key": func(g *group) { g.Spec.NodeTemplate.Annotations["a b"] = "" },
		},
		"spec.nodeTemplate.annotations[hostler.dev/approved]": {
			"hostler's own": func(g *group) { g.Spec.NodeTemplate.Annotations["hostler.dev/approved"] = "" },
		},
		"spec.nodeTemplate.taints[0].effect": {
			"missing": func(g *group) { g.Spec.NodeTemplate.Taints[0].Effect = "" },
			"unknown": func(g *group) { g.Spec.NodeTemplate.Taints[0].Effect = "Never" },
		},
		"spec.update.maxUnavailable": {
			"none":               func(g *group) { g.Spec.Update.MaxUnavailable = &zero },
			"more than all":      func(g *group) { g.Spec.Update.MaxUnavailable = &tooMuch },
			"a number in quotes": func(g *group) { g.Spec.Update.MaxUnavailable = &percentless },
		},
		"spec.update.waves[1].name": {
			"twice":   func(g *group) { g.Spec.Update.Waves[1].Name = "canary" },
			"missing": func(g *group) { g.Spec.Update.Waves[1].Name = "" },
		},
		"spec.update.waves[0].selector.matchLabels": {
			"no label": func(g *group) { g.Spec.Update.Waves[0].Selector.MatchLabels = map[string]string{"a b": ""} },
		},
		"spec.update.waves[0].size": {"none": func(g *group) { g.Spec.Update.Waves[0].Size = &zero }},
		"spec.update.waves[0].soak": {"negative": func(g *group) { g.Spec.Update.Waves[0].Soak.Duration = -1 }},
		"spec.update.order":         {"unknown": func(g *group) { g.Spec.Update.Order = "Random" }},
		"spec.update.windows[0].days[1]": {
			"twice":   func(g *group) { g.Spec.Update.Windows[0].Days[1] = "Sat" },
			"unknown": func(g *group) { g.Spec.Update.Windows[0].Days[1] = "Sunday" },
		},
		"spec.update.windows[0].from":     {"one digit": func(g *group) { g.Spec.Update.Windows[0].From = "9:00" }},
		"spec.update.windows[0].to":       {"the start": func(g *group) { g.Spec.Update.Windows[0].To = "22:00" }},
		"spec.update.windows[0].timeZone": {"unknown": func(g *group) { g.Spec.Update.Windows[0].TimeZone = "Mars/Olympus" }},
		"spec.update.exclusions[0].to": {
			"the start": func(g *group) { g.Spec.Update.Exclusions[0].To = g.Spec.Update.Exclusions[0].From },
			"missing":   func(g *group) { g.Spec.Update.Exclusions[0].To = metav1.Time{} },
		},
		"spec.update.failureBudget":             {"negative": func(g *group) { g.Spec.Update.FailureBudget = -1 }},
		"spec.update.gates.prometheus[0].query": {"missing": func(g *group) { g.Spec.Update.Gates.Prometheus[0].Query = "" }},
		"spec.update.gates.prometheus[0].url": {
			"a password": func(g *group) { g.Spec.Update.Gates.Prometheus[0].URL = "http://a:b@prometheus" },
		},
		"spec.disruptions.approvalMode": {"unknown": func(g *group) { g.Spec.Disruptions.ApprovalMode = "Nobody" }},
		"spec.disruptions.automatic.windows[0].to": {
			"missing": func(g *group) { g.Spec.Disruptions.Automatic.Windows[0].To = "" },
		},
		"spec.disruptions.drain.timeout":                  {"nothing": func(g *group) { g.Spec.Disruptions.Drain.Timeout.Duration = 0 }},
		"spec.disruptions.drain.onTimeout":                {"unknown": func(g *group) { g.Spec.Disruptions.Drain.OnTimeout = "Ignore" }},
		"spec.disruptions.drain.skipWaitForDeleteTimeout": {"negative": func(g *group) { g.Spec.Disruptions.Drain.SkipWaitForDeleteTimeout.Duration = -1 }},
		"spec.drift.policy":                               {"unknown": func(g *group) { g.Spec.Drift.Policy = "Fix" }},
		"spec.drift.items[0].policy":                      {"missing": func(g *group) { g.Spec.Drift.Items[0].Policy = "" }},
		"spec.nodeTemplate.taints[1]": {"twice": func(g *group) {
			g.Spec.NodeTemplate.Taints = append(g.Spec.NodeTemplate.Taints, v1alpha1.Taint{Key: "a", Effect: "NoExecute"})
		}},
	}
	for path, changes := range cases {
		for name, change := range changes {
			t.Run(path+" "+name, func(t *testing.T) {
				t.Parallel()
				group := validGroup(t)
				change(group)
				if diff := cmp.Diff([]string{path}, paths(group.Validate())); diff != "" {
					t.Errorf("paths of the problems differ (-want +got):\n%s\n%v", diff, group.Validate())
				}
			})
		}
	}
}

// TestValidateRefusesBeforeItIsServed checks values of fields that are not supported yet: they have to be right on the
// day they are.
func TestValidateRefusesBeforeItIsServed(t *testing.T) {
	t.Parallel()
	type group = v1alpha1.NodeGroup
	cases := map[string]func(g *group){
		"spec.cri.containerd.registries[0].mirrors[0].url": func(g *group) {
			g.Spec.CRI.Containerd.Registries = []v1alpha1.Registry{{Host: "docker.io", Mirrors: []v1alpha1.RegistryMirror{{URL: "mirror"}}}}
		},
		"spec.cri.containerd.baseRuntimeSpec.rlimits[0].soft": func(g *group) {
			g.Spec.CRI.Containerd.BaseRuntimeSpec = &v1alpha1.BaseRuntimeSpec{Rlimits: []v1alpha1.Rlimit{{Type: "RLIMIT_NOFILE", Soft: 2, Hard: 1}}}
		},
		"spec.operatingSystem.swapSize": func(g *group) {
			g.Spec.OperatingSystem.Swap = "Limited"
		},
		"spec.operatingSystem.caCertificates[0].pem": func(g *group) {
			g.Spec.OperatingSystem.CACertificates = []v1alpha1.CACertificate{{Name: "a", PEM: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}}
		},
		"spec.operatingSystem.proxy.http": func(g *group) {
			g.Spec.OperatingSystem.Proxy = &v1alpha1.ProxySpec{HTTP: "proxy:3128"}
		},
		"spec.network.nodeLocalDNS.address": func(g *group) {
			g.Spec.Network.NodeLocalDNS.Address = "dns"
		},
	}
	for path, change := range cases {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			group := validGroup(t)
			change(group)
			group.SetDefaults()
			var found field.ErrorList
			for _, err := range group.Validate() {
				if err.Field == path && !strings.Contains(err.Detail, "not supported yet") {
					found = append(found, err)
				}
			}
			if len(found) != 1 {
				t.Errorf("got %d problems at the path, want 1 among %v", len(found), group.Validate())
			}
		})
	}
}

func TestValidateRefusesKubeletSettingsWithoutAKubelet(t *testing.T) {
	t.Parallel()
	group := validGroup(t)
	group.Spec.KubernetesVersion = ""
	want := []string{"spec.kubelet"}
	if diff := cmp.Diff(want, paths(group.Validate())); diff != "" {
		t.Errorf("paths of the problems differ (-want +got):\n%s", diff)
	}
}

func TestOwnedKubeletFieldsAreRefusedByName(t *testing.T) {
	t.Parallel()
	for name := range config.OwnedFields {
		group := validGroup(t)
		group.Spec.Kubelet.Config = v1alpha1.Overlay{name: "x"}
		if diff := cmp.Diff([]string{"spec.kubelet.config." + name}, paths(group.Validate())); diff != "" {
			t.Errorf("paths of the problems differ (-want +got):\n%s", diff)
		}
	}
}

func paths(errs field.ErrorList) []string {
	var paths []string
	for _, err := range errs {
		paths = append(paths, fmt.Sprint(err.Field))
	}
	slices.Sort(paths)
	return paths
}
