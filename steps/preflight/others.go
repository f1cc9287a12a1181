package preflight

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hostler-dev/hostler/steps/host"
)

// otherKubernetes are units of programs that bring a kubelet of their own.
var otherKubernetes = []string{
	"k3s.service", "k3s-agent.service", "rke2-server.service", "rke2-agent.service", "k0scontroller.service", "k0sworker.service",
	"snap.microk8s.daemon-kubelite.service", "snap.microk8s.daemon-containerd.service",
}

func checkOtherKubernetes(ctx context.Context, v host.View, _ Spec) ([]Finding, error) {
	active, err := activeUnits(ctx, v, otherKubernetes)
	var found []Finding
	for _, unit := range active {
		found = append(found, failure("Uninstall it by its own means, or leave this host to it.", "%s runs: another Kubernetes has this host", unit))
	}
	return found, err
}

// runtimes are the units of container runtimes, with what they do beside another one.
var runtimes = []struct{ unit, trouble string }{
	{"docker.service", "it sets the policy of the FORWARD chain to DROP, and its packages replace containerd's"},
	{"crio.service", "it writes its own network configuration, and both collect garbage by how full the same disk is"},
	{"containerd.service", "it keeps images and containers that the kubelet does not see, and does not collect"},
	{"podman.service", "it keeps images and containers that the kubelet does not see, and does not collect"},
}

func checkRuntimes(ctx context.Context, v host.View, s Spec) ([]Finding, error) {
	if s.RuntimeUnits == nil {
		return nil, nil
	}
	var found []Finding
	for _, runtime := range runtimes {
		if slices.Contains(s.RuntimeUnits, runtime.unit) {
			continue
		}
		active, err := activeUnits(ctx, v, []string{runtime.unit})
		if err != nil {
			return found, err
		}
		if len(active) > 0 {
			found = append(found, warning("Stop and disable it, if nothing needs it.",
				"%s runs beside %s: %s", runtime.unit, strings.Join(s.RuntimeUnits, " and "), runtime.trouble))
		}
	}
	return found, nil
}

func activeUnits(ctx context.Context, v host.View, names []string) ([]string, error) {
	var active []string
	for _, name := range names {
		unit, err := v.Unit(ctx, name)
		if err != nil {
			return active, err
		}
		if unit.Active() {
			active = append(active, name)
		}
	}
	return active, nil
}

func checkFapolicyd(ctx context.Context, v host.View, s Spec) ([]Finding, error) {
	active, err := activeUnits(ctx, v, []string{"fapolicyd.service"})
	if err != nil || len(active) == 0 {
		return nil, err
	}
	return []Finding{warning(fmt.Sprintf("Trust them: fapolicyd-cli --file add %s/ && fapolicyd-cli --update. Or stop fapolicyd.", s.BinDir),
		"fapolicyd runs, and lets no program start that no package brought: plugins of the network that a pod put into %s are blocked", s.BinDir)}, nil
}

func checkSELinux(_ context.Context, v host.View, _ Spec) ([]Finding, error) {
	content, err := v.ReadFile("/sys/fs/selinux/enforce")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(string(content)) == "1" {
		return []Finding{info("If a container is refused something: ausearch -m avc -ts recent.", "SELinux is enforcing")}, nil
	}
	return nil, nil
}

func checkAppArmor(_ context.Context, v host.View, _ Spec) ([]Finding, error) {
	content, err := v.ReadFile("/sys/module/apparmor/parameters/enabled")
	if errors.Is(err, fs.ErrNotExist) || err == nil && strings.TrimSpace(string(content)) != "Y" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []Finding{info("If a container is refused something: journalctl -k | grep apparmor.", "AppArmor is on, and containers get the runtime's profile")}, nil
}

// checkIptables finds rules of the old iptables under an iptables that speaks to nftables.
func checkIptables(_ context.Context, v host.View, s Spec) ([]Finding, error) {
	backend := s.Iptables
	if target, err := v.Readlink("/etc/alternatives/iptables"); err == nil {
		backend = "legacy"
		if strings.Contains(target, "nft") {
			backend = "nft"
		}
	}
	tables, err := v.ReadFile("/proc/1/net/ip_tables_names")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	names := strings.Fields(string(tables))
	if backend != "nft" || len(names) == 0 {
		return nil, nil
	}
	return []Finding{warning("Find who uses iptables-legacy (iptables-legacy-save), move it to iptables-nft, and reboot.",
		"iptables is the nft one, and the kernel also has tables of the legacy one (%s): a packet must pass both, and each shows only its own rules", strings.Join(names, ", "))}, nil
}

// kubeletsLogind is the file by which the kubelet asks logind to wait for it (kubernetes/kubernetes,
// pkg/kubelet/nodeshutdown/systemd). Files with later names win, and the kubelet goes without a graceful shutdown then (kubernetes#102818).
const kubeletsLogind = "99-kubelet.conf"

var logindFolders = []string{"/etc/systemd/logind.conf.d", "/run/systemd/logind.conf.d", "/usr/local/lib/systemd/logind.conf.d", "/usr/lib/systemd/logind.conf.d", "/lib/systemd/logind.conf.d"}

func checkShutdown(_ context.Context, v host.View, s Spec) ([]Finding, error) {
	if s.ShutdownGracePeriod == 0 {
		return nil, nil
	}
	var found []Finding
	seen := map[string]bool{}
	for _, folder := range logindFolders {
		names, err := v.ReadDir(folder)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return found, err
		}
		for _, name := range names {
			if seen[name] || name <= kubeletsLogind || !strings.HasSuffix(name, ".conf") {
				continue
			}
			seen[name] = true
			delay, set := inhibitDelay(v, path.Join(folder, name))
			if set && delay < s.ShutdownGracePeriod {
				found = append(found, warning(fmt.Sprintf("Switch the file off: ln -s /dev/null /etc/systemd/logind.conf.d/%s && systemctl reload systemd-logind.", name),
					"%s has InhibitDelayMaxSec=%s and is read after the kubelet's own: with a shutdownGracePeriod of %s the kubelet goes without a graceful shutdown",
					path.Join(folder, name), delay, s.ShutdownGracePeriod))
			}
		}
	}
	return found, nil
}

// inhibitDelay reads the last InhibitDelayMaxSec of a file. One that cannot be read sets nothing: a link to /dev/null, most often.
func inhibitDelay(v host.Files, name string) (delay time.Duration, set bool) {
	content, err := v.ReadFile(name)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(content)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if strings.TrimSpace(key) != "InhibitDelayMaxSec" {
			continue
		}
		if parsed, ok := parseSpan(strings.TrimSpace(value)); ok {
			delay, set = parsed, true
		}
	}
	return delay, set
}

// parseSpan reads the time spans of systemd.time(7) that are in use: a bare number is seconds.
func parseSpan(text string) (time.Duration, bool) {
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		return time.Duration(seconds * float64(time.Second)), true
	}
	text = strings.NewReplacer(" ", "", "minutes", "m", "minute", "m", "min", "m", "seconds", "s", "second", "s", "sec", "s", "hours", "h", "hour", "h").Replace(text)
	parsed, err := time.ParseDuration(text)
	return parsed, err == nil
}
