package kubelet

import (
	"strings"
	"testing"
)

func TestCheckLabels(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		key, value string
		want       string // empty: valid
	}{
		"without a prefix":                  {"team", "a", ""},
		"an own prefix":                     {"example.com/team", "a", ""},
		"a zone":                            {"topology.kubernetes.io/zone", "a", ""},
		"the kubelet's own namespace":       {"node.kubernetes.io/pool", "a", ""},
		"below the kubelet's namespace":     {"x.kubelet.kubernetes.io/pool", "a", ""},
		"a prefix that only ends alike":     {"mykubernetes.io/pool", "a", ""},
		"a role":                            {"node-role.kubernetes.io/worker", "", `label "node-role.kubernetes.io/worker"`},
		"isolation that a node may not set": {"node-restriction.kubernetes.io/pci", "a", "use another prefix, or set it with kubectl label node"},
		"the bare domain":                   {"kubernetes.io/mine", "a", "may not give itself"},
		"the other domain":                  {"x.k8s.io/mine", "a", "may not give itself"},
		"a key that is none":                {"a b", "a", `label "a b"`},
		"a value that is none":              {"team", "a b", `label "team" has the value "a b"`},
	}
	for name, c := range cases {
		err := checkLabels(map[string]string{c.key: c.value})
		if c.want == "" && err != nil {
			t.Errorf("%s: got %v, want none", name, err)
		}
		if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want an error with %q", name, err, c.want)
		}
	}
}

func TestJoinLabels(t *testing.T) {
	t.Parallel()
	if got, want := joinLabels(map[string]string{"b": "2", "a": "1", "c": ""}), "a=1,b=2,c="; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCheckTaints(t *testing.T) {
	t.Parallel()
	valid := []Taint{{"dedicated", "db", "NoSchedule"}, {"dedicated", "db", "NoExecute"}, {"example.com/gpu", "", "PreferNoSchedule"}}
	if err := checkTaints(valid); err != nil {
		t.Errorf("got %v, want none", err)
	}
	for name, taints := range map[string][]Taint{
		"no key":                  {{"", "db", "NoSchedule"}},
		"a value that is none":    {{"dedicated", "d b", "NoSchedule"}},
		"no effect":               {{"dedicated", "db", ""}},
		"an effect in lower case": {{"dedicated", "db", "noschedule"}},
		"one pair twice":          {{"dedicated", "db", "NoSchedule"}, {"dedicated", "web", "NoSchedule"}},
	} {
		if err := checkTaints(taints); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}
