package config

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		written string
		live    string // of the field kubeletconfig
		want    []string
	}{
		"nothing was written":                 {"", `{"maxPods": 110}`, nil},
		"kind and version":                    {"kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\n", `{}`, nil},
		"headers that may be secret":          {"staticPodURLHeader: {Authorization: [Bearer x]}\n", `{"staticPodURLHeader": {"Authorization": ["<masked>"]}}`, nil},
		"equal":                               {"maxPods: 150\nclusterDomain: cluster.local\nfailSwapOn: false\n", `{"maxPods": 150, "clusterDomain": "cluster.local", "failSwapOn": false, "port": 10250}`, nil},
		"another number":                      {"maxPods: 150\n", `{"maxPods": 110}`, []string{"maxPods is 110, and 150 was written"}},
		"another text":                        {"cgroupDriver: systemd\n", `{"cgroupDriver": "cgroupfs"}`, []string{`cgroupDriver is "cgroupfs", and "systemd" was written`}},
		"a field that the kubelet ignored":    {"memoryReservationPolicy: None\n", `{}`, []string{`memoryReservationPolicy is not set, and "None" was written`}},
		"a field that was not written":        {"maxPods: 150\n", `{"maxPods": 150, "syncFrequency": "5m0s"}`, nil},
		"a duration in other words":           {"syncFrequency: 90s\n", `{"syncFrequency": "1m30s"}`, nil},
		"another duration":                    {"syncFrequency: 90s\n", `{"syncFrequency": "1m0s"}`, []string{`syncFrequency is "1m0s", and "90s" was written`}},
		"a duration in nanoseconds":           {"logging: {flushFrequency: 5s}\n", `{"logging": {"flushFrequency": 5000000000, "format": "text"}}`, nil},
		"a quantity in other words":           {"containerLogMaxSize: 50Mi\n", `{"containerLogMaxSize": "52428800"}`, nil},
		"another quantity":                    {"containerLogMaxSize: 50Mi\n", `{"containerLogMaxSize": "50M"}`, []string{`containerLogMaxSize is "50M", and "50Mi" was written`}},
		"CPU in other words":                  {"kubeReserved: {cpu: 1000m, memory: 1Gi}\n", `{"kubeReserved": {"cpu": "1", "memory": "1024Mi"}}`, nil},
		"less reserved":                       {"kubeReserved: {cpu: 100m, memory: 1Gi}\n", `{"kubeReserved": {"cpu": "100m"}}`, []string{`kubeReserved.memory is not set, and "1Gi" was written`}},
		"percents":                            {"evictionHard: {nodefs.available: 10%}\n", `{"evictionHard": {"nodefs.available": "15%"}}`, []string{`evictionHard.nodefs.available is "15%", and "10%" was written`}},
		"more in a map than was written":      {"evictionHard: {memory.available: 100Mi}\n", `{"evictionHard": {"memory.available": "100Mi", "nodefs.available": "10%"}}`, nil},
		"equal lists":                         {"clusterDNS: [10.96.0.10]\n", `{"clusterDNS": ["10.96.0.10"]}`, nil},
		"a longer list":                       {"clusterDNS: [10.96.0.10]\n", `{"clusterDNS": ["10.96.0.10", "10.96.0.11"]}`, []string{`clusterDNS is ["10.96.0.10","10.96.0.11"], and ["10.96.0.10"] was written`}},
		"an emptied list":                     {"enforceNodeAllocatable: []\n", `{"enforceNodeAllocatable": ["pods"]}`, []string{`enforceNodeAllocatable is ["pods"], and [] was written`}},
		"objects in a list":                   {"registerWithTaints: [{key: a, effect: NoSchedule}]\n", `{"registerWithTaints": [{"key": "a", "effect": "NoExecute", "value": ""}]}`, []string{`registerWithTaints[0].effect is "NoExecute", and "NoSchedule" was written`}},
		"a closed port":                       {"readOnlyPort: 0\n", `{}`, nil},
		"a port that a flag opened":           {"readOnlyPort: 0\n", `{"readOnlyPort": 10255}`, []string{"readOnlyPort is 10255, and 0 was written"}},
		"a zero that stands for the default":  {"maxPods: 0\nsyncFrequency: 0s\n", `{"maxPods": 110, "syncFrequency": "1m0s"}`, nil},
		"a zero that stands for itself":       {"eventRecordQPS: 0\n", `{"eventRecordQPS": 50}`, []string{"eventRecordQPS is 50, and 0 was written"}},
		"false, left out":                     {"serverTLSBootstrap: false\n", `{}`, nil},
		"false, and true by a flag":           {"authentication: {anonymous: {enabled: false}}\n", `{"authentication": {"anonymous": {"enabled": true}}}`, []string{"authentication.anonymous.enabled is true, and false was written"}},
		"an object where a text was expected": {"logging: {format: json}\n", `{"logging": "json"}`, []string{`logging.format is not set, and "json" was written`}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			differences, err := Compare([]byte(c.written), []byte(`{"kubeletconfig": `+c.live+`}`))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range differences {
				got = append(got, d.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCompareRefusesWhatIsNoConfiguration(t *testing.T) {
	t.Parallel()
	for live, want := range map[string]string{"": "reading the kubelet's answer", "{}": "it has no kubeletconfig", "[]": "reading the kubelet's answer"} {
		if _, err := Compare(nil, []byte(live)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", live, err, want)
		}
	}
	if _, err := Compare([]byte("\t{"), []byte(`{"kubeletconfig": {}}`)); err == nil || !strings.Contains(err.Error(), "that was written") {
		t.Errorf("got %v, want the file named", err)
	}
}

// A kubelet that took over all that Render writes differs in nothing.
func TestCompareFindsNothingInWhatWasRendered(t *testing.T) {
	t.Parallel()
	file, err := Render(full(36))
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := yaml.Unmarshal(file, &fields); err != nil {
		t.Fatal(err)
	}
	live, err := json.Marshal(map[string]any{"kubeletconfig": fields})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Compare(file, live); err != nil || len(got) > 0 {
		t.Errorf("got %v, %v, want no differences", got, err)
	}
}
