package kubelet

import (
	"context"
	"errors"
	"fmt"

	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/kubelet/config"
)

// wanted is what should be on the host.
type wanted struct {
	version  version
	rootDir  string
	identity identity
	config   []byte
	dropIn   []byte
}

// want works out the wish. It reads what it depends on, and reports all that is
// wrong at once.
func (s Step) want(ctx context.Context, v host.View) (wanted, error) {
	target, err := parseVersion(s.Spec.Version)
	if err != nil {
		return wanted{}, err
	}
	if err := s.Spec.check(target.minor); err != nil {
		return wanted{}, err
	}
	w := wanted{version: target, rootDir: s.Spec.rootDir()}
	var identityErr, configErr, flagsErr error
	w.identity, identityErr = s.Spec.planIdentity(v)
	w.config, configErr = s.Spec.renderConfig(v, target.minor)
	flags, flagsErr := s.flags(ctx, v, w.identity.bootstrap)
	w.dropIn = dropIn(flags, s.Spec.EnvironmentFile, s.Spec.RuntimeUnit)
	return w, errors.Join(
		identityErr, configErr, flagsErr,
		checkCgroups(v, s.Spec.Overlay, target),
		warnOfEnvironment(v, s.Spec.EnvironmentFile),
		checkRemovedFlags(v, s.Spec.EnvironmentFile, target.minor),
		warnOfDropIns(v),
		warnOfOverlay(s.Spec.Overlay, target),
	)
}

func warnOfOverlay(overlay map[string]any, target version) error {
	var remarks []error
	for _, sentence := range config.WithoutEffect(overlay, target.minor) {
		remarks = append(remarks, steps.Warning("%s", sentence))
	}
	return errors.Join(remarks...)
}

// checkCgroups finds a kubelet that would end at its start, again and again.
func checkCgroups(v host.View, overlay map[string]any, target version) error {
	if !v.Live() || !config.RefusesCgroupV1(overlay, target.minor) {
		return nil
	}
	v1, err := cgroupV1(v)
	if err != nil || !v1 {
		return err
	}
	return fmt.Errorf("this host uses cgroup v1, and kubelet %s refuses to start there: boot with cgroup v2 (kernel argument systemd.unified_cgroup_hierarchy=1), "+
		"or set failCgroupV1: false in spec.kubelet.config", target)
}

// renderConfig returns KubeletConfiguration for this host, and remarks.
func (s Spec) renderConfig(v host.View, minor uint) ([]byte, error) {
	resolv, remark := resolvConf(v)
	reserved, err := s.reserve(v)
	if err != nil {
		return nil, errors.Join(remark, err)
	}
	content, err := config.Render(config.Settings{
		Minor: minor, CgroupDriver: s.CgroupDriver, CRISocket: s.CRISocket,
		ClientCAFile: CAPath, StaticPodPath: StaticPodPath, ResolvConf: resolv,
		MaxPods: s.MaxPods, LogMaxSize: s.LogMaxSize, LogMaxFiles: s.LogMaxFiles,
		SeccompDefault: s.SeccompDefault, KubeReserved: reserved,
		TopologyPolicy: s.TopologyPolicy, TopologyScope: s.TopologyScope,
		SwapBehavior: s.SwapBehavior, AllowSwap: s.AllowSwap,
		Taints: nodeTaints(s.Taints), Overlay: s.Overlay,
	})
	return content, errors.Join(remark, err)
}

func (s Spec) reserve(v host.View) (map[string]string, error) {
	switch {
	case s.Reservation.Mode == ReservationStatic:
		return s.Reservation.static(), nil
	case s.Reservation.Mode == ReservationOff || !v.Live():
		return nil, nil
	}
	cpus, memory, err := capacity(v)
	if err != nil {
		return nil, err
	}
	return AutoReservation(cpus, memory), nil
}

// flags is the command line.
func (s Step) flags(ctx context.Context, v host.View, bootstrap string) ([]flag, error) {
	flags := []flag{
		{"config", ConfigPath},
		{"bootstrap-kubeconfig", bootstrap},
		{"kubeconfig", KubeconfigPath},
	}
	if s.Spec.rootDir() != DefaultRootDir {
		flags = append(flags, flag{"root-dir", s.Spec.rootDir()})
	}
	name, nameErr := s.nodeName(v)
	if name != "" {
		flags = append(flags, flag{"hostname-override", name})
	}
	ip, ipErr := s.nodeIP(ctx, v)
	if ip != "" {
		flags = append(flags, flag{"node-ip", ip})
	}
	if labels := joinLabels(s.Spec.Labels); labels != "" {
		flags = append(flags, flag{"node-labels", labels})
	}
	return flags, errors.Join(nameErr, ipErr)
}

// nodeName returns the name that the kubelet must be told, and nothing where it
// finds the same by itself: auditors want the override unset (CIS 4.2.8).
func (s Step) nodeName(v host.View) (string, error) {
	if !v.Live() {
		return "", nil
	}
	own, err := hostName(v)
	if s.Spec.NodeName == "" {
		return "", err
	}
	if s.Spec.NodeName == own {
		return "", nil
	}
	return s.Spec.NodeName, nil
}

func (s Step) nodeIP(ctx context.Context, v host.View) (string, error) {
	if s.Spec.NodeIP != "" || s.ChooseIP == nil || !v.Live() {
		return s.Spec.NodeIP, nil
	}
	addr, err := s.ChooseIP(ctx, v)
	if err != nil {
		return "", err // as it is: it may be a remark
	}
	return addr.Unmap().String(), nil
}
