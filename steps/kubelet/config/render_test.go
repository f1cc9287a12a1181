package config

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubelet/config/v1beta1"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write golden files; the test fails all the same, so that they are looked at")

// least is what every node has.
func least(minor uint) Settings {
	return Settings{
		Minor: minor, CgroupDriver: "systemd", CRISocket: "/run/containerd/containerd.sock",
		ClientCAFile: "/etc/kubernetes/pki/ca.crt", StaticPodPath: "/etc/kubernetes/manifests", ResolvConf: "/etc/resolv.conf",
	}
}

// full sets every setting.
func full(minor uint) Settings {
	s := least(minor)
	s.ResolvConf = "/run/systemd/resolve/resolv.conf"
	s.MaxPods, s.LogMaxSize, s.LogMaxFiles, s.SeccompDefault = 150, "50Mi", 4, new(true)
	s.KubeReserved = map[string]string{"memory": "1739Mi", "cpu": "70m"}
	s.TopologyPolicy, s.TopologyScope = "best-effort", "pod"
	s.SwapBehavior, s.AllowSwap = "LimitedSwap", true
	s.Taints = []corev1.Taint{{Key: "dedicated", Value: "db", Effect: corev1.TaintEffectNoSchedule}}
	s.Overlay = map[string]any{
		"clusterDNS":        []any{"10.96.0.10"},
		"clusterDomain":     "cluster.local",
		"evictionHard":      map[string]any{"memory.available": "200Mi"},
		"failCgroupV1":      false,
		"maxOpenFiles":      int64(10000000000),
		"syncFrequency":     "30s",
		"logging":           map[string]any{"format": "json"},
		"imageMaximumGCAge": "168h",
	}
	return s
}

func TestRender(t *testing.T) {
	withNewField := full(36)
	withNewField.Overlay["memoryReservationPolicy"] = "None"
	for golden, settings := range map[string]Settings{
		"least-1.29.yaml": least(29),
		"full-1.35.yaml":  full(35),
		"full-1.36.yaml":  withNewField,
	} {
		t.Run("writes "+golden, func(t *testing.T) {
			got, err := Render(settings)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, "testdata/"+golden, got)
			// The judge is the decoder that the kubelet tries first.
			if err := yaml.UnmarshalStrict(got, &v1beta1.KubeletConfiguration{}); err != nil {
				t.Errorf("strict decoding: %v", err)
			}
		})
	}
}

func compare(t *testing.T, golden string, got []byte) {
	t.Helper()
	want, err := os.ReadFile(golden)
	if err == nil && string(want) == string(got) {
		return
	}
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
		t.Fatalf("%s was written: look at it, then run the test without -update", golden)
	}
	t.Errorf("file differs from %s (-want +got), %v:\n%s", golden, err, cmp.Diff(string(want), string(got)))
}

func TestRenderIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	first, err := Render(full(36))
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		again, err := Render(full(36))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(first), string(again)); diff != "" {
			t.Fatalf("two files of the same settings differ:\n%s", diff)
		}
	}
}

func TestRenderFollowsTheVersion(t *testing.T) {
	t.Parallel()
	noSwap := func(minor uint) string {
		s := least(minor)
		s.SwapBehavior = "NoSwap"
		got, err := Render(s)
		if err != nil {
			t.Fatal(err)
		}
		return string(got)
	}
	// kubelet 1.29 has the NodeSwap gate off and refuses memorySwap.
	if got := noSwap(29); strings.Contains(got, "memorySwap") {
		t.Errorf("1.29: got memorySwap, want none:\n%s", got)
	}
	if got := noSwap(30); !strings.Contains(got, "swapBehavior: NoSwap") {
		t.Errorf("1.30: got no swapBehavior, want NoSwap:\n%s", got)
	}
}

func TestRenderRefuses(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		mutate func(*Settings)
		want   string
	}{
		"a kubelet without the socket's field": {func(s *Settings) { s.Minor = 26 }, "the oldest is 1.27"},
		"swap for pods before it was stable": {func(s *Settings) {
			s.Minor, s.SwapBehavior = 29, "LimitedSwap"
		}, "needs Kubernetes 1.30"},
		"an overlay with a mistake": {func(s *Settings) { s.Overlay = map[string]any{"nope": 1} }, `unknown field "nope"`},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := least(36)
			c.mutate(&settings)
			_, err := Render(settings)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}
