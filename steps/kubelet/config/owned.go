package config

// OwnedFields are the top-level fields of KubeletConfiguration that hostler
// writes itself, each with what to use instead. An overlay that has one is
// refused: a silent winner between two settings would surprise somebody.
var OwnedFields = map[string]string{
	"apiVersion":               "hostler writes it",
	"kind":                     "hostler writes it",
	"authentication":           "anonymous access stays off",
	"authorization":            "the API server always decides",
	"cgroupDriver":             "use spec.cri.containerd.cgroupDriver",
	"containerLogMaxFiles":     "use spec.kubelet.containerLogMaxFiles",
	"containerLogMaxSize":      "use spec.kubelet.containerLogMaxSize",
	"containerRuntimeEndpoint": "it follows spec.cri",
	"healthzBindAddress":       "hostler asks there whether the kubelet is well",
	"healthzPort":              "hostler asks there whether the kubelet is well",
	"kubeReserved":             "use spec.kubelet.resourceReservation",
	"maxPods":                  "use spec.kubelet.maxPods",
	"memorySwap":               "use spec.kubelet.memorySwap",
	"readOnlyPort":             "the port without authentication stays closed",
	"registerWithTaints":       "use spec.nodeTemplate.taints",
	"resolvConf":               "it follows the host's resolver",
	"rotateCertificates":       "the node's certificate is always rotated",
	"seccompDefault":           "use spec.kubelet.seccompDefault",
	"serverTLSBootstrap":       "it follows the bootstrap of the node",
	"staticPodPath":            "it is /etc/kubernetes/manifests",
	"topologyManagerPolicy":    "use spec.kubelet.topologyManager.policy",
	"topologyManagerScope":     "use spec.kubelet.topologyManager.scope",
}

// OldestMinor is the oldest 1.x whose kubelet takes the runtime's socket from
// this file; before it, that was a flag.
const OldestMinor = 27

// sinceMinor holds the fields that came after OldestMinor, with the 1.x that
// brought them. Nested fields came together with their parents. Source:
// config/v1beta1/types.go of the kubernetes/kubelet mirror, one tag a minor.
var sinceMinor = map[string]uint{
	"imageMaximumGCAge":                      29,
	"containerLogMaxWorkers":                 30,
	"containerLogMonitorInterval":            30,
	"podLogsDir":                             30,
	"failCgroupV1":                           31,
	"crashLoopBackOff":                       32,
	"singleProcessOOMKill":                   32,
	"imagePullCredentialsVerificationPolicy": 33,
	"mergeDefaultEvictionSettings":           33,
	"preloadedImagesVerificationAllowlist":   33,
	"userNamespaces":                         33,
	"memoryReservationPolicy":                36,
	"tlsCurvePreferences":                    36,
}

// withoutEffect holds the fields that a later 1.x kept and does not look at any more.
// None was ever removed or renamed, from 1.18 to 1.37 (same source).
var withoutEffect = map[string]uint{
	"iptablesDropBit":                28,
	"iptablesMasqueradeBit":          28,
	"streamingConnectionIdleTimeout": 34,
}

// swapMinor is the first 1.x that knows NoSwap and has the NodeSwap gate on;
// an older kubelet refuses to start with memorySwap set.
const swapMinor = 30

// cgroupV1Minor is the first 1.x whose failCgroupV1 is true unless set.
const cgroupV1Minor = 35
