package kubelet

import (
	"strings"
	"testing"
)

func TestSpecCheck(t *testing.T) {
	t.Parallel()
	if err := worker("1.36.3").check(36); err != nil {
		t.Fatalf("the valid spec: got %v", err)
	}
	for name, c := range map[string]struct {
		mutate func(*Spec)
		want   string
	}{
		"no package":                  {func(s *Spec) { s.KubeletPackage = "" }, "package name is not set"},
		"no socket":                   {func(s *Spec) { s.CRISocket = "" }, "socket is not set"},
		"a socket with its scheme":    {func(s *Spec) { s.CRISocket = "unix:///run/x.sock" }, "not a clean absolute path"},
		"a line break in a path":      {func(s *Spec) { s.RootDir = "/data\nExecStartPre=/x" }, "not a clean absolute path"},
		"a relative root":             {func(s *Spec) { s.RootDir = "data" }, "not a clean absolute path"},
		"a node name in upper case":   {func(s *Spec) { s.NodeName = "Node-7" }, `node name "Node-7"`},
		"a name for an address":       {func(s *Spec) { s.NodeIP = "node-7" }, `"node-7" is not an IP address`},
		"an address with a zone":      {func(s *Spec) { s.NodeIP = "fe80::1%eth0" }, "is not an IP address"},
		"two addresses of one family": {func(s *Spec) { s.NodeIP = "10.0.0.1,10.0.0.2" }, "one of each family"},
		"three addresses":             {func(s *Spec) { s.NodeIP = "10.0.0.1,fd00::1,10.0.0.2" }, "one of each family"},
		"no cgroup driver":            {func(s *Spec) { s.CgroupDriver = "" }, "is not one of systemd, cgroupfs"},
		"another topology policy":     {func(s *Spec) { s.TopologyPolicy = "BestEffort" }, "is not one of none, best-effort"},
		"another topology scope":      {func(s *Spec) { s.TopologyScope = "Pod" }, "is not one of container, pod"},
		"another swap behavior":       {func(s *Spec) { s.SwapBehavior = "UnlimitedSwap" }, "is not one of NoSwap, LimitedSwap"},
		"swap for pods without swap":  {func(s *Spec) { s.SwapBehavior = "LimitedSwap" }, "has no effect"},
		"a log size in words":         {func(s *Spec) { s.LogMaxSize = "50 MB" }, "is not a quantity"},
		"one log file":                {func(s *Spec) { s.LogMaxFiles = 1 }, "needs 2 to rotate"},
		"a negative number of pods":   {func(s *Spec) { s.MaxPods = -1 }, "is below 0"},
		"a label":                     {func(s *Spec) { s.Labels["k8s.io/x"] = "" }, `label "k8s.io/x"`},
		"a taint":                     {func(s *Spec) { s.Taints[0].Effect = "" }, "effect of taint dedicated"},
		"a reservation":               {func(s *Spec) { s.Reservation.Mode = "" }, "reservation mode"},
		"a join":                      {func(s *Spec) { s.Join.TokenFile = "" }, "both --api-server and --token-file"},
		"an overlay":                  {func(s *Spec) { s.Overlay["port"] = "x" }, "kubelet.config.port"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := worker("1.36.3")
			c.mutate(&spec)
			if err := spec.check(36); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestCheckNodeIPTakesWhatTheKubeletTakes(t *testing.T) {
	t.Parallel()
	for _, ip := range []string{"10.0.0.1", "fd00::1", "::", "0.0.0.0", "10.0.0.1,fd00::1", "fd00::1,10.0.0.1"} {
		if err := checkNodeIP(ip); err != nil {
			t.Errorf("%s: got %v, want none", ip, err)
		}
	}
}
