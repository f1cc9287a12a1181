package kubelet

import (
	"errors"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/hostler-dev/hostler/steps/kubelet/config"
)

// Where things are.
const (
	UnitName            = "kubelet.service"
	Binary              = "/usr/bin/kubelet"
	ConfigPath          = "/var/lib/kubelet/config.yaml"
	DropInPath          = "/etc/systemd/system/kubelet.service.d/20-hostler.conf"
	KubeconfigPath      = "/etc/kubernetes/kubelet.conf"
	BootstrapPath       = "/etc/kubernetes/bootstrap-kubelet.conf"
	CAPath              = "/etc/kubernetes/pki/ca.crt"
	StaticPodPath       = "/etc/kubernetes/manifests"
	DefaultRootDir      = "/var/lib/kubelet"
	defaultResolvConf   = "/etc/resolv.conf"
	resolvedStub        = "127.0.0.53"
	resolvedUpstreams   = "/run/systemd/resolve/resolv.conf"
	resolvedStubLinkEnd = "systemd/resolve/stub-resolv.conf"
)

// Spec is what a node's kubelet should be.
type Spec struct {
	// Version is the exact Kubernetes version: 1.36.3.
	Version string
	// KubeletPackage is the package's name in the distribution, KubectlPackage
	// likewise; an empty KubectlPackage leaves kubectl alone.
	KubeletPackage string
	KubectlPackage string
	// EnvironmentFile is the file that the package's unit reads
	// KUBELET_EXTRA_ARGS from, /etc/default/kubelet or /etc/sysconfig/kubelet. It
	// belongs to the administrator; hostler warns about what it overrides.
	EnvironmentFile string

	// NodeName is the Node's name. Empty: the host's name.
	NodeName string
	// NodeIP is the address that the Node announces, or two, with a comma
	// between, for both families. Empty: Step.ChooseIP decides.
	NodeIP string
	// RootDir is where the kubelet keeps pods. Empty: /var/lib/kubelet.
	RootDir string
	// Labels and Taints are given to the Node when it registers; a Node that
	// exists keeps its own.
	Labels map[string]string
	Taints []Taint

	// CRISocket is the absolute path of the container runtime's socket, and
	// CgroupDriver (systemd or cgroupfs) that of the runtime.
	CRISocket    string
	CgroupDriver string
	// RuntimeUnit is the runtime's unit, which the kubelet starts after. Empty: in
	// any order.
	RuntimeUnit string

	// MaxPods is the kubelet's own default, 110, when 0.
	MaxPods int32
	// LogMaxSize is a quantity such as 50Mi; LogMaxFiles is at least 2. Zero
	// values: the kubelet's own, 10Mi and 5.
	LogMaxSize     string
	LogMaxFiles    int32
	SeccompDefault *bool
	Reservation    Reservation
	// TopologyPolicy is one of none, best-effort, restricted, single-numa-node;
	// TopologyScope is container or pod. Empty: the kubelet's own, none and container.
	TopologyPolicy string
	TopologyScope  string
	// SwapBehavior is NoSwap, LimitedSwap or empty. AllowSwap lets the kubelet
	// start although the host has swap.
	SwapBehavior string
	AllowSwap    bool
	// Overlay is a fragment of KubeletConfiguration; see config.CheckOverlay.
	Overlay map[string]any

	Join Join
}

// Taint keeps pods that do not tolerate it away from the node.
type Taint struct {
	Key    string
	Value  string
	Effect string // NoSchedule, PreferNoSchedule or NoExecute
}

// Join is how the kubelet gets into the cluster the first time. A node whose
// kubelet has a certificate is in, and needs none of it.
type Join struct {
	// APIServer is the URL of the API server: https://10.0.0.1:6443.
	APIServer string
	// CAFile is a file on the host with the cluster's CA certificates.
	CAFile string
	// TokenFile is a file on the host with a bootstrap token. hostler never reads it.
	TokenFile string
	// BootstrapKubeconfig is a file that somebody else made, instead of
	// APIServer and TokenFile.
	BootstrapKubeconfig string
}

func (s Spec) rootDir() string {
	if s.RootDir == "" {
		return DefaultRootDir
	}
	return s.RootDir
}

// check finds what is wrong with the spec by itself, all at once.
func (s Spec) check(minor uint) error {
	return errors.Join(
		s.checkRequired(),
		s.checkIdentity(),
		s.checkValues(),
		checkLabels(s.Labels),
		checkTaints(s.Taints),
		s.Reservation.check(),
		s.Join.check(),
		config.CheckOverlay(s.Overlay, minor),
	)
}

func (s Spec) checkRequired() error {
	var problems []error
	for what, value := range map[string]string{"the kubelet's package name": s.KubeletPackage, "the container runtime's socket": s.CRISocket} {
		if value == "" {
			problems = append(problems, fmt.Errorf("%s is not set", what))
		}
	}
	for what, value := range map[string]string{"runtime socket": s.CRISocket, "rootDir": s.RootDir, "environment file": s.EnvironmentFile} {
		problems = append(problems, cleanPath(what, value))
	}
	problems = slices.DeleteFunc(problems, func(err error) bool { return err == nil })
	slices.SortFunc(problems, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(problems...)
}

// cleanPath accepts nothing, or a path that reads the same for Go, systemd and
// the kubelet: no dots to resolve, no blanks to quote, no line breaks.
func cleanPath(what, value string) error {
	blank := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
	if value == "" || path.IsAbs(value) && path.Clean(value) == value && !strings.ContainsFunc(value, blank) {
		return nil
	}
	return fmt.Errorf("%s %q is not a clean absolute path on the host", what, value)
}

func (s Spec) checkIdentity() error {
	var problems []error
	if s.NodeName != "" {
		for _, why := range validation.IsDNS1123Subdomain(s.NodeName) {
			problems = append(problems, fmt.Errorf("node name %q: %s", s.NodeName, why))
		}
	}
	if s.NodeIP != "" {
		if err := checkNodeIP(s.NodeIP); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// checkNodeIP takes what the kubelet's --node-ip takes.
func checkNodeIP(text string) error {
	parts := strings.Split(text, ",")
	var addrs []netip.Addr
	for _, part := range parts {
		addr, err := netip.ParseAddr(part)
		if err != nil || addr.Zone() != "" {
			return fmt.Errorf("node address %q is not an IP address", part)
		}
		addrs = append(addrs, addr)
	}
	if len(addrs) > 2 || len(addrs) == 2 && addrs[0].Is4() == addrs[1].Is4() {
		return fmt.Errorf("node addresses %q: give one, or one of each family", text)
	}
	return nil
}

func (s Spec) checkValues() error {
	problems := []error{
		oneOf("cgroup driver", s.CgroupDriver, "systemd", "cgroupfs"),
		oneOf("topology manager policy", s.TopologyPolicy, "", "none", "best-effort", "restricted", "single-numa-node"),
		oneOf("topology manager scope", s.TopologyScope, "", "container", "pod"),
		oneOf("swap behavior", s.SwapBehavior, "", "NoSwap", "LimitedSwap"),
		quantity("container log size", s.LogMaxSize),
	}
	if s.MaxPods < 0 {
		problems = append(problems, fmt.Errorf("maxPods %d is below 0", s.MaxPods))
	}
	if s.LogMaxFiles < 0 || s.LogMaxFiles == 1 {
		problems = append(problems, fmt.Errorf("%d container log files are too few: the kubelet needs 2 to rotate", s.LogMaxFiles))
	}
	if s.SwapBehavior == "LimitedSwap" && !s.AllowSwap {
		problems = append(problems, errors.New("swap behavior LimitedSwap on a host without swap has no effect: keep swap, or use NoSwap"))
	}
	return errors.Join(problems...)
}

func oneOf(what, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	named := slices.DeleteFunc(allowed, func(s string) bool { return s == "" })
	return fmt.Errorf("%s %q is not one of %s", what, value, strings.Join(named, ", "))
}

// quantity accepts what Kubernetes reads as an amount, above zero, or nothing.
func quantity(what, value string) error {
	if value == "" {
		return nil
	}
	q, err := resource.ParseQuantity(value)
	if err != nil {
		return fmt.Errorf("%s %q is not a quantity such as 50Mi: %w", what, value, err)
	}
	if q.Sign() <= 0 {
		return fmt.Errorf("%s %q is not above zero", what, value)
	}
	return nil
}
