package kubelet

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/hostler-dev/hostler/steps"
)

// change is what a run changes about a kubelet, as far as its start is
// concerned: what the start costs, why it is needed, and what must go before it.
type change struct {
	cost steps.Impact
	why  []string
	// stale are state files that the kubelet would refuse to start with.
	stale []string
}

func (c *change) add(cost steps.Impact, format string, args ...any) {
	c.cost = max(c.cost, cost)
	c.why = append(c.why, fmt.Sprintf(format, args...))
}

// merge adds what another change costs and why.
func (c *change) merge(other change) {
	c.cost = max(c.cost, other.cost)
	c.why = append(c.why, other.why...)
}

// config judges a change of the configuration file; an old one that cannot be
// parsed counts as one without settings. The same settings in other words need no restart. endpoint is the flag for the runtime that the kubelet had instead of a setting.
func (c *change) config(old, wish []byte, rootDir, endpoint string) {
	if sameSettings(old, wish, endpoint) {
		return
	}
	c.add(steps.Restart, "the configuration changed")
	if old == nil {
		return
	}
	before, after := settings(old), settings(wish)
	differ := func(field string) bool { return !reflect.DeepEqual(before[field], after[field]) }
	// Pods keep their cgroups under the old driver's names, out of the new one's sight.
	if orDefault(before["cgroupDriver"], "cgroupfs") != orDefault(after["cgroupDriver"], "cgroupfs") {
		c.add(steps.Drain, "the cgroup driver changed, and running pods cannot follow")
	}
	// The managers compare their state files with the configuration and end the
	// kubelet where the two differ.
	reserved := differ("kubeReserved") || differ("systemReserved") || differ("reservedSystemCPUs")
	cpuPolicy := orDefault(after["cpuManagerPolicy"], "none")
	if orDefault(before["cpuManagerPolicy"], "none") != cpuPolicy || cpuPolicy == "static" && reserved {
		c.add(steps.Drain, "the CPU manager starts afresh")
		c.stale = append(c.stale, rootDir+"/cpu_manager_state")
	}
	memoryPolicy := orDefault(after["memoryManagerPolicy"], "None")
	if orDefault(before["memoryManagerPolicy"], "None") != memoryPolicy || memoryPolicy == "Static" && (reserved || differ("reservedMemory")) {
		c.add(steps.Drain, "the memory manager starts afresh")
		c.stale = append(c.stale, rootDir+"/memory_manager_state")
	}
}

// dropIn judges a change of the drop-in.
func (c *change) dropIn(old, wish []byte) {
	c.add(steps.Restart, "the command line changed")
	if len(old) == 0 {
		return
	}
	if before, after := flagValue(old, "root-dir"), flagValue(wish, "root-dir"); before != after {
		c.add(steps.Drain, "the kubelet's folder changed from %s to %s", orDefault(before, DefaultRootDir), orDefault(after, DefaultRootDir))
	}
}

// takeOver judges the flags in which the first drop-in differs from what others started the kubelet with.
func (c *change) takeOver(flags []string) {
	if len(flags) == 0 {
		return
	}
	c.add(steps.Restart, "the command line changed: --%s", strings.Join(flags, ", --"))
	if slices.Contains(flags, "root-dir") {
		c.add(steps.Drain, "the kubelet's folder changed")
	}
}

func settings(file []byte) map[string]any {
	var fields map[string]any
	if err := yaml.Unmarshal(file, &fields); err != nil {
		return nil
	}
	return fields
}

// orDefault returns the text of a setting, or the kubelet's default where it is not set.
func orDefault(value any, fallback string) string {
	if text, ok := value.(string); ok && text != "" {
		return text
	}
	return fallback
}
