package preflight

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hostler-dev/hostler/steps/host"
)

// Severity is how bad a finding is.
type Severity string

// The severities.
const (
	// Error: a node will not work like this, or hostler cannot make it one.
	Error Severity = "Error"
	// Warning: a node works like this, until it does not.
	Warning Severity = "Warning"
	// Info: good to know when something else goes wrong.
	Info Severity = "Info"
)

// Finding is something that a check found.
type Finding struct {
	// Check is the name of the check.
	Check    string   `json:"check"`
	Severity Severity `json:"severity"`
	// Reason is what is the matter, and what comes of it.
	Reason string `json:"reason"`
	// Remedy is what to do about it. Empty: nothing needs to be done.
	Remedy string `json:"remedy,omitempty"`
}

// The findings of checks; Run adds their names.
func failure(remedy, reason string, args ...any) Finding {
	return Finding{Severity: Error, Remedy: remedy, Reason: fmt.Sprintf(reason, args...)}
}

func warning(remedy, reason string, args ...any) Finding {
	return Finding{Severity: Warning, Remedy: remedy, Reason: fmt.Sprintf(reason, args...)}
}

func info(remedy, reason string, args ...any) Finding {
	return Finding{Severity: Info, Remedy: remedy, Reason: fmt.Sprintf(reason, args...)}
}

// Spec is what the host is to become, as far as checks depend on it. The zero Spec is a host of which nothing is known: checks
// that need to know more say nothing then.
type Spec struct {
	// NodeName is the name that the host has, or will have, in the cluster. Empty: an image's.
	NodeName string
	// KubernetesVersion is the exact version that is wanted; empty: no Kubernetes by hostler.
	KubernetesVersion string
	// RuntimeUnits are the units of the container runtime that hostler keeps, or that it was told to use. Nil: not known.
	RuntimeUnits []string
	// RuntimeDir is where the runtime keeps images and containers; empty: /var/lib/containerd.
	RuntimeDir string
	// KubeletDir is where the kubelet keeps pods; empty: /var/lib/kubelet.
	KubeletDir string
	// BinDir is where the plugins of the network are; empty: /opt/cni/bin.
	BinDir string
	// Modules are kernel modules that the host will need.
	Modules []string
	// FailCgroupV1 is the field of the kubelet's configuration; nil: the kubelet's own default.
	FailCgroupV1 *bool
	// SwapHandled says that hostler switches swap off, or that the kubelet accepts it.
	SwapHandled bool
	// ShutdownGracePeriod is the field of the kubelet's configuration; 0: none.
	ShutdownGracePeriod time.Duration
	// Iptables is the backend of the distribution's iptables, nft or legacy; empty: not known.
	Iptables string
	// Now is the time on the host. Zero: the clock is not looked at.
	Now time.Time
	// Built is when hostler was built, before which no clock can be. Zero: not known.
	Built time.Time
}

// defaults fills in where things usually are.
func (s Spec) defaults() Spec {
	s.RuntimeDir = cmp.Or(s.RuntimeDir, "/var/lib/containerd")
	s.KubeletDir = cmp.Or(s.KubeletDir, "/var/lib/kubelet")
	s.BinDir = cmp.Or(s.BinDir, "/opt/cni/bin")
	return s
}

// Check looks for one kind of trouble.
type Check struct {
	// Name is short, and stable between versions.
	Name string
	// InPlan checks are run with every plan.
	InPlan bool
	// Images says that the check makes sense for an image that is not running.
	Images bool
	// Run returns what it finds. An error means that it could not look.
	Run func(ctx context.Context, v host.View, s Spec) ([]Finding, error)
}

// Run runs all checks, then the extra ones, and returns what they find, the worst first.
func Run(ctx context.Context, v host.View, s Spec, extra ...Check) []Finding {
	return run(ctx, v, s, append(Checks(), extra...))
}

func run(ctx context.Context, v host.View, s Spec, checks []Check) []Finding {
	s = s.defaults()
	var all []Finding
	for _, check := range checks {
		if !v.Live() && !check.Images {
			continue
		}
		found, err := check.Run(ctx, v, s)
		if err != nil {
			found = append(found, info("Run it as root, or look yourself.", "this could not be looked at: %s", strings.ReplaceAll(err.Error(), "\n", "; ")))
		}
		for _, finding := range found {
			finding.Check = check.Name
			all = append(all, finding)
		}
	}
	slices.SortStableFunc(all, func(a, b Finding) int { return cmp.Compare(a.Severity.rank(), b.Severity.rank()) })
	return all
}

func (s Severity) rank() int { return slices.Index([]Severity{Error, Warning, Info}, s) }

// Worst is the worst severity of findings; empty for none.
func Worst(findings []Finding) Severity {
	worst := Severity("")
	for _, f := range findings {
		if worst == "" || f.Severity.rank() < worst.rank() {
			worst = f.Severity
		}
	}
	return worst
}
