package v1alpha1

// OwnedKubeletFields are the fields of KubeletConfiguration that hostler writes itself, and so must not be in
// kubelet.config, each with what to use instead. Everything else, such as clusterDNS and clusterDomain, is the user's.
var OwnedKubeletFields = map[string]string{
	"apiVersion":               "hostler writes it",
	"kind":                     "hostler writes it",
	"cgroupDriver":             "use spec.cri.containerd.cgroupDriver",
	"containerRuntimeEndpoint": "it follows spec.cri",
	"staticPodPath":            "it is /etc/kubernetes/manifests",
	"rotateCertificates":       "the node's certificate is always rotated",
	"serverTLSBootstrap":       "it follows the bootstrap of the node",
	"authentication":           "anonymous access stays off",
	"authorization":            "the API server always decides",
	"registerWithTaints":       "use spec.nodeTemplate.taints",
	"maxPods":                  "use spec.kubelet.maxPods",
	"containerLogMaxSize":      "use spec.kubelet.containerLogMaxSize",
	"containerLogMaxFiles":     "use spec.kubelet.containerLogMaxFiles",
	"seccompDefault":           "use spec.kubelet.seccompDefault",
	"topologyManagerPolicy":    "use spec.kubelet.topologyManager.policy",
	"topologyManagerScope":     "use spec.kubelet.topologyManager.scope",
	"memorySwap":               "use spec.kubelet.memorySwap",
	"kubeReserved":             "use spec.kubelet.resourceReservation",
	"resolvConf":               "it follows the host's resolver",
}
