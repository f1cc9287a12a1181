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
    containerd:
      version: 1.7.24~ds1-6
      maxConcurrentDownloads: 5
      sandboxImage: registry.k8s.io/pause:3.10
      cgroupDriver: Systemd
      registries: [{host: docker.io, mirrors: [{url: "https://mirror.example.com", ca: /etc/ssl/mirror.pem}]}, {host: "registry.local:5000"}]
      runtimes: [{name: gvisor, type: io.containerd.runsc.v1, configPath: /etc/containerd/runsc.toml}, {name: crun, type: io.containerd.runc.v2, binaryName: /usr/bin/crun}]
      baseRuntimeSpec: {rlimits: [{type: RLIMIT_NOFILE, soft: 65536, hard: 65536}]}
      config: {debug: {level: info}}
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
    sysctlProfile: Kubernetes
    users:
      - {name: ops, uid: 2000, groups: [adm], shell: /bin/bash, sshAuthorizedKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ops@example"]}
      - {name: root, sshAuthorizedKeys: []}
    swap: Limited
    swapSize: 2Gi
    unattendedUpgrades: Disabled
    firewall: Disabled
    unneededServices: Disabled
    timeSync: Enabled
    appArmor: Enabled
    selinux: Permissive
    transparentHugepages: Madvise
    blockDevices: [{match: "nvme[0-9]*", scheduler: none, readAheadKB: 128, requests: 256}, {match: sd*, scheduler: mq-deadline}]
    journald: {maxUse: 1Gi, keepFree: 2Gi, maxFileSize: 64Mi, maxRetention: 168h, rateLimitInterval: 30s, rateLimitBurst: 0}
    limits: [{item: nofile, soft: 65536, hard: 1048576}, {item: memlock, soft: -1, hard: -1}]
    reboot: WhenRequired
    proxy: {http: "http://proxy:3128", https: "http://proxy:3128", noProxy: [10.0.0.0/8, .example.com]}
  network: {cni: {type: Bridge, bridge: {subnet: 10.88.0.0/16}}, cniLinks: Protected}
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
		"spec.operatingSystem.users[0].name":      {"with blanks": func(g *group) { g.Spec.OperatingSystem.Users[0].Name = "o ps" }},
		"spec.operatingSystem.users[0].uid":       {"of root": func(g *group) { g.Spec.OperatingSystem.Users[0].UID = new(int64(0)) }},
		"spec.operatingSystem.users[1].uid":       {"taken": func(g *group) { g.Spec.OperatingSystem.Users[1].UID = new(int64(2000)) }},
		"spec.operatingSystem.users[1].name":      {"twice": func(g *group) { g.Spec.OperatingSystem.Users[1].Name = "ops" }},
		"spec.operatingSystem.users[0].groups[0]": {"upper case": func(g *group) { g.Spec.OperatingSystem.Users[0].Groups[0] = "ADM" }},
		"spec.operatingSystem.users[0].shell":     {"relative": func(g *group) { g.Spec.OperatingSystem.Users[0].Shell = "bash" }},
		"spec.operatingSystem.users[0].sshAuthorizedKeys[0]": {
			"cut off":       func(g *group) { g.Spec.OperatingSystem.Users[0].SSHAuthorizedKeys[0] = "ssh-ed25519 AAAAC3" },
			"another type":  func(g *group) { authorizedKey(g, "ssh-ed25519", "ssh-rsa") },
			"two lines":     func(g *group) { authorizedKey(g, "ops@example", "ops\nssh-ed25519 AAAA") },
			"a private key": func(g *group) { authorizedKey(g, "ssh-ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----") },
		},
		"spec.operatingSystem.sysctlProfile":               {"unknown": func(g *group) { g.Spec.OperatingSystem.SysctlProfile = "Fast" }},
		"spec.operatingSystem.unneededServices":            {"unknown": func(g *group) { g.Spec.OperatingSystem.UnneededServices = "Enabled" }},
		"spec.operatingSystem.timeSync":                    {"unknown": func(g *group) { g.Spec.OperatingSystem.TimeSync = "Disabled" }},
		"spec.operatingSystem.appArmor":                    {"unknown": func(g *group) { g.Spec.OperatingSystem.AppArmor = "Disabled" }},
		"spec.operatingSystem.reboot":                      {"unknown": func(g *group) { g.Spec.OperatingSystem.Reboot = "Always" }},
		"spec.operatingSystem.blockDevices[0]":             {"says nothing": func(g *group) { g.Spec.OperatingSystem.BlockDevices[0] = v1alpha1.BlockDevice{Match: "sda"} }},
		"spec.operatingSystem.blockDevices[0].match":       {"a path": func(g *group) { blockDevice(g).Match = "/dev/sda" }, "an open bracket": func(g *group) { blockDevice(g).Match = "sd[a" }},
		"spec.operatingSystem.blockDevices[1].match":       {"twice": func(g *group) { blockDevice(g).Match = "sd*" }},
		"spec.operatingSystem.blockDevices[0].scheduler":   {"with blanks": func(g *group) { blockDevice(g).Scheduler = "mq deadline" }},
		"spec.operatingSystem.blockDevices[0].readAheadKB": {"negative": func(g *group) { blockDevice(g).ReadAheadKB = new(int32(-1)) }},
		"spec.operatingSystem.blockDevices[0].requests":    {"none": func(g *group) { blockDevice(g).Requests = new(int32(0)) }},
		"spec.operatingSystem.journald.maxUse":             {"negative": func(g *group) { g.Spec.OperatingSystem.Journald.MaxUse = &negative }},
		"spec.operatingSystem.journald.keepFree":           {"negative": func(g *group) { g.Spec.OperatingSystem.Journald.KeepFree = &negative }},
		"spec.operatingSystem.journald.maxFileSize":        {"negative": func(g *group) { g.Spec.OperatingSystem.Journald.MaxFileSize = &negative }},
		"spec.operatingSystem.journald.maxRetention":       {"negative": func(g *group) { g.Spec.OperatingSystem.Journald.MaxRetention = &metav1.Duration{Duration: -1} }},
		"spec.operatingSystem.journald.rateLimitInterval":  {"negative": func(g *group) { g.Spec.OperatingSystem.Journald.RateLimitInterval = &metav1.Duration{Duration: -1} }},
		"spec.operatingSystem.journald.rateLimitBurst":     {"negative": func(g *group) { g.Spec.OperatingSystem.Journald.RateLimitBurst = new(int32(-1)) }},
		"spec.operatingSystem.limits[0].item":              {"unknown": func(g *group) { g.Spec.OperatingSystem.Limits[0].Item = "files" }, "missing": func(g *group) { g.Spec.OperatingSystem.Limits[0].Item = "" }},
		"spec.operatingSystem.limits[1].item":              {"twice": func(g *group) { g.Spec.OperatingSystem.Limits[1] = g.Spec.OperatingSystem.Limits[0] }},
		"spec.operatingSystem.limits[0].soft":              {"above the hard one": func(g *group) { g.Spec.OperatingSystem.Limits[0].Soft = 1 << 30 }, "negative": func(g *group) { g.Spec.OperatingSystem.Limits[0].Soft = -2 }},
		"spec.operatingSystem.limits[1].hard":              {"negative": func(g *group) { g.Spec.OperatingSystem.Limits[1] = v1alpha1.Limit{Item: "core", Soft: -1, Hard: -2} }},
		"spec.operatingSystem.limits[0]":                   {"unlimited files": func(g *group) { g.Spec.OperatingSystem.Limits[0].Hard = -1 }},
		"spec.operatingSystem.swapSize":                    {"missing": func(g *group) { g.Spec.OperatingSystem.SwapSize = nil }, "negative": func(g *group) { g.Spec.OperatingSystem.SwapSize = &negative }, "without use": func(g *group) { g.Spec.OperatingSystem.Swap = "Disabled" }},
		"spec.operatingSystem.caCertificates[0].pem": {"no certificate": func(g *group) {
			g.Spec.OperatingSystem.CACertificates = []v1alpha1.CACertificate{{Name: "a", PEM: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}}
		}},
		"spec.operatingSystem.proxy.http":                     {"no URL": func(g *group) { g.Spec.OperatingSystem.Proxy.HTTP = "proxy:3128" }},
		"spec.operatingSystem.proxy.noProxy[0]":               {"two in one": func(g *group) { g.Spec.OperatingSystem.Proxy.NoProxy[0] = "a,b" }},
		"spec.network.cniLinks":                               {"unknown": func(g *group) { g.Spec.Network.CNILinks = "Managed" }},
		"spec.cri.containerd.registries[0].mirrors[0].url":    {"no URL": func(g *group) { g.Spec.CRI.Containerd.Registries[0].Mirrors[0].URL = "mirror" }},
		"spec.cri.containerd.registries[0].mirrors[0].ca":     {"relative": func(g *group) { g.Spec.CRI.Containerd.Registries[0].Mirrors[0].CA = "ca.pem" }},
		"spec.cri.containerd.baseRuntimeSpec.rlimits[0].soft": {"above the hard one": func(g *group) { g.Spec.CRI.Containerd.BaseRuntimeSpec.Rlimits[0].Hard = 1 }},
		"spec.cri.containerd.runtimes[0].name":                {"runc": func(g *group) { g.Spec.CRI.Containerd.Runtimes[0].Name = "runc" }},
		"spec.cri.containerd.runtimes[0].configPath":          {"relative": func(g *group) { g.Spec.CRI.Containerd.Runtimes[0].ConfigPath = "runsc.toml" }},
		"spec.cri.containerd.runtimes[0].binaryName":          {"relative": func(g *group) { g.Spec.CRI.Containerd.Runtimes[0].BinaryName = "runsc" }},
		"spec.cri.docker.source":                              {"unknown": func(g *group) { docker(g).Source = "Podman" }},
		"spec.cri.docker.logMaxSize":                          {"no size": func(g *group) { docker(g).LogMaxSize = "10 m" }},
		"spec.cri.docker.registryMirrors[0]":                  {"no URL": func(g *group) { docker(g).RegistryMirrors = []string{"mirror"} }},
		"spec.cri.docker.criDockerdVersion":                   {"two words": func(g *group) { docker(g).CRIDockerdVersion = "0.3 4" }},
		"spec.cri.notManaged.criSocketPath": {"relative": func(g *group) {
			g.Spec.CRI = v1alpha1.CRISpec{Type: "NotManaged", NotManaged: &v1alpha1.NotManagedCRISpec{CRISocketPath: "crio.sock"}}
		}},
		"spec.operatingSystem.swap": {"unknown": func(g *group) { g.Spec.OperatingSystem.Swap, g.Spec.OperatingSystem.SwapSize = "Off", nil }},
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

func blockDevice(g *v1alpha1.NodeGroup) *v1alpha1.BlockDevice {
	return &g.Spec.OperatingSystem.BlockDevices[0]
}

// authorizedKey changes a part of the first key.
func authorizedKey(g *v1alpha1.NodeGroup, from, to string) {
	key := &g.Spec.OperatingSystem.Users[0].SSHAuthorizedKeys[0]
	*key = strings.Replace(*key, from, to, 1)
}

// docker changes the runtime.
func docker(g *v1alpha1.NodeGroup) *v1alpha1.DockerSpec {
	g.Spec.CRI = v1alpha1.CRISpec{Type: v1alpha1.CRIDocker, Docker: &v1alpha1.DockerSpec{}}
	g.SetDefaults()
	return g.Spec.CRI.Docker
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
