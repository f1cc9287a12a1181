package input_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/agent/api/v1alpha1"
	"github.com/hostler-dev/hostler/agent/input"
)

const valid = `apiVersion: hostler.dev/v1alpha1
kind: NodeGroup
metadata:
  name: worker
spec:
  kubernetesVersion: 1.36.3
  operatingSystem:
    files:
      - path: /etc/motd
        content: |
          Grüße
          ✓
`

func TestReadAccepts(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"plain YAML":              valid,
		"a byte order mark":       "\ufeff" + valid,
		"lines that end in CR LF": strings.ReplaceAll(valid, "\n", "\r\n"),
		"empty documents around":  "---\n# nothing\n---\n" + valid + "---\n",
		"JSON with tabs": "{\n\t\"apiVersion\": \"hostler.dev/v1alpha1\", \"kind\": \"NodeGroup\",\n\t\"metadata\": {\"name\": \"worker\"},\n" +
			"\t\"spec\": {\"kubernetesVersion\": \"1.36.3\", \"operatingSystem\": {\"files\": [{\"path\": \"/etc/motd\", \"content\": \"Gr\\u00fc\\u00dfe\\n✓\\n\"}]}}\n}\n",
		"an anchor and its alias": strings.Replace(valid, "kubernetesVersion: 1.36.3",
			"kubernetesVersion: &v 1.36.3\n  nodeSelector: {version: *v}", 1),
		"fields without a value": valid + "  kubelet:\n  cri: null\n",
		"what kubectl get prints": strings.Replace(valid, "  name: worker\n", `  name: worker
  creationTimestamp: "2026-11-21T10:00:00Z"
  uid: 6a4f6a9e-3f6f-4a54-a3f0-0a9d3ac5a3c1
  resourceVersion: "42"
  generation: 3
  managedFields:
    - {manager: kubectl, operation: Update, time: "2026-11-21T10:00:00Z", fieldsType: FieldsV1, fieldsV1: {"f:spec": {}}}
`, 1) + `status:
  observedGeneration: 3
  failures: {revision: worker-7f3a9c1b, nodes: [{name: a, approved: "2026-11-21T10:00:00.123456Z"}]}
  conditions: [{type: Valid, status: "True", reason: Valid, message: "", lastTransitionTime: "2026-11-21T10:00:00Z"}]
`,
	}
	for name, text := range cases {
		t.Run("reads "+name, func(t *testing.T) {
			t.Parallel()
			docs, err := input.Read("f", strings.NewReader(text))
			if err != nil {
				t.Fatalf("got error\n%v", err)
			}
			if len(docs.Groups) != 1 {
				t.Fatalf("got %d groups, want 1", len(docs.Groups))
			}
			g := docs.Groups[0]
			if g.Name != "worker" || g.Spec.KubernetesVersion != "1.36.3" {
				t.Errorf("got group %q of version %q, want worker of 1.36.3", g.Name, g.Spec.KubernetesVersion)
			}
			if got, want := g.Spec.OperatingSystem.Files[0].Content, "Grüße\n✓\n"; got != want {
				t.Errorf("got content %q, want %q", got, want)
			}
			if got, want := g.Spec.OperatingSystem.Files[0].Mode, "0644"; got != want {
				t.Errorf("got mode %q, want the default %q", got, want)
			}
		})
	}
}

func TestReadTakesAllKindsThatPeopleWrite(t *testing.T) {
	t.Parallel()
	docs, err := input.Read("f", strings.NewReader(`apiVersion: hostler.dev/v1alpha1
kind: UpdatePolicy
metadata: {name: default}
spec: {windows: [{from: "22:00", to: "06:00"}]}
---
apiVersion: hostler.dev/v1alpha1
kind: NodeGroupConfiguration
metadata: {name: worker}
spec:
  check: "true"
  apply: "true"
---
`+valid))
	if err != nil {
		t.Fatalf("got error\n%v", err)
	}
	if len(docs.Groups) != 1 || len(docs.Configurations) != 1 || len(docs.Policies) != 1 {
		t.Fatalf("got %+v, want one of each kind, also where two kinds share a name", docs)
	}
	if got := docs.Policies[0].Spec.Windows[0].TimeZone; got != "UTC" {
		t.Errorf("got time zone %q, want the default UTC", got)
	}
	c := docs.Configurations[0]
	if c.Name != "worker" || c.Spec.Check != "true" || *c.Spec.Weight != 100 || c.Spec.Impact != v1alpha1.ImpactRestart {
		t.Errorf("got configuration %+v, want worker with its check and its defaults", c)
	}
}

func TestReadKeepsTypesOfOverlays(t *testing.T) {
	t.Parallel()
	text := valid + `  kubelet:
    config:
      failCgroupV1: false
      evictionPressureTransitionPeriod: 30s
      imageGCHighThresholdPercent: 85
      memoryThrottlingFactor: 0.9
      clusterDNS: [10.96.0.10]
      evictionHard: {memory.available: 100Mi}
      day: 2026-11-21
`
	docs, err := input.Read("f", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	want := v1alpha1.Overlay{
		"failCgroupV1":                     false,
		"evictionPressureTransitionPeriod": "30s",
		"imageGCHighThresholdPercent":      int64(85),
		"memoryThrottlingFactor":           0.9,
		"clusterDNS":                       []any{"10.96.0.10"},
		"evictionHard":                     map[string]any{"memory.available": "100Mi"},
		"day":                              "2026-11-21",
	}
	if diff := cmp.Diff(want, docs.Groups[0].Spec.Kubelet.Config); diff != "" {
		t.Errorf("kubelet.config differs (-want +got):\n%s", diff)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	header := "apiVersion: hostler.dev/v1alpha1\nkind: NodeGroup\nmetadata: {name: worker}\n"
	cases := map[string]struct{ text, want string }{
		"nothing":                  {"", "f:1:1: is empty: want at least one object, such as a NodeGroup of hostler.dev/v1alpha1"},
		"comments only":            {"# to do\n---\n# later\n", "f:1:1: is empty: want at least one object, such as a NodeGroup of hostler.dev/v1alpha1"},
		"a file above 1 MiB":       {valid + "#" + strings.Repeat("x", input.MaxBytes), "f:1:1: is larger than 1 MiB: want one object or a few"},
		"Latin 1":                  {"# Gr\xfc\xdfe\n", "f:1:5: is not UTF-8 text: save the file as UTF-8"},
		"a byte after text":        {"a: ✓✓\n# ✓\xff", "f:2:4: is not UTF-8 text: save the file as UTF-8"},
		"UTF-16":                   {"\xff\xfea\x00", "f:1:1: is not UTF-8 text: save the file as UTF-8"},
		"a control character":      {"a: \x01\n", "f:1:1: is not YAML: control characters are not allowed (check the indentation, colons and quotes here and above)"},
		"a bomb of aliases":        {header + aliasBomb(), "the aliases of this document stand for more than 10000 values: write them out"},
		"a list nested too deep":   {header + "spec: {kubelet: {config: {a: " + strings.Repeat("[", 300) + strings.Repeat("]", 300) + "}}}\n", "is nested more than 100 deep"},
		"brackets without an end":  {strings.Repeat("[", 100_000), "f:1:1: is not YAML: exceeded max depth of 10000"},
		"infinity in an overlay":   {header + "spec: {kubelet: {config: {a: .inf}}}\n", `f:4:30: spec.kubelet.config.a: ".inf": must be a number that fits into 64 bits, true or false`},
		"a quantity for ever long": {header + "spec: {kubernetesVersion: 1.36.3, kubelet: {containerLogMaxSize: " + strings.Repeat("9", 5000) + "}}\n", "must be a quantity such as"},
	}
	for name, c := range cases {
		t.Run("refuses "+name, func(t *testing.T) {
			t.Parallel()
			_, err := input.Read("f", strings.NewReader(c.text))
			var problems *input.Error
			if !errors.As(err, &problems) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got error\n%v\nwant an *input.Error with %q", err, c.want)
			}
		})
	}
}

// aliasBomb is ten lists of ten aliases each to the one before: ten thousand millions of values.
func aliasBomb() string {
	b := &strings.Builder{}
	b.WriteString("spec: {kubernetesVersion: 1.36.3, kubelet: {config: {a0: &a0 x")
	for i := 1; i <= 10; i++ {
		fmt.Fprintf(b, ", a%d: &a%d [%s]", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	b.WriteString("}}}\n")
	return b.String()
}

func TestReadReportsAReaderThatFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("the line is cut")
	_, err := input.Read("f", iotest.ErrReader(broken))
	if !errors.Is(err, broken) {
		t.Errorf("got error %v, want %v", err, broken)
	}
}

func TestReadFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	worker := write("worker.yaml", valid)
	master := write("master.yaml", strings.Replace(valid, "worker", "master", 1))
	broken := write("broken.yaml", strings.Replace(valid, "spec:", "specs:", 1))

	t.Run("reads several files and standard input in their order", func(t *testing.T) {
		t.Parallel()
		docs, err := input.ReadFiles([]string{worker, "-", master}, strings.NewReader(strings.Replace(valid, "worker", "infra", 1)))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, g := range docs.Groups {
			got = append(got, g.Name)
		}
		if diff := cmp.Diff([]string{"worker", "infra", "master"}, got); diff != "" {
			t.Errorf("names differ (-want +got):\n%s", diff)
		}
	})
	t.Run("names standard input and the file that had the group first", func(t *testing.T) {
		t.Parallel()
		_, err := input.ReadFiles([]string{worker, "-"}, strings.NewReader(valid))
		want := `<stdin>:4:9: metadata.name: "worker" is the name of the NodeGroup at ` + worker + `:4:9 already`
		if err == nil || err.Error() != want {
			t.Errorf("got error %v, want %s", err, want)
		}
	})
	t.Run("reports a missing file, a folder and the problems of the others together", func(t *testing.T) {
		t.Parallel()
		_, err := input.ReadFiles([]string{filepath.Join(dir, "none.yaml"), broken, dir}, nil)
		var problems *input.Error
		if !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &problems) || !strings.Contains(err.Error(), "is a folder") {
			t.Errorf("got error %v, want the missing file, the folder and an *input.Error in it", err)
		}
	})
}
