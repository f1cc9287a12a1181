package containerd

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hostler-dev/hostler/cri/ocispec"
	"github.com/hostler-dev/hostler/steps"
	"github.com/hostler-dev/hostler/steps/host"
	"github.com/hostler-dev/hostler/steps/host/hosttest"
	"github.com/hostler-dev/hostler/steps/steptest"
)

const certs = "/etc/containerd/certs.d"

// registries are one with everything and one with a port.
func registries(s *Spec) {
	s.Registries = []Registry{
		{Host: "docker.io", Mirrors: []Mirror{
			{URL: "https://b.example.com", CA: "/etc/ssl/b.pem"},
			{URL: "http://a.example.com:5000", SkipVerify: true},
			{URL: "https://harbor.example.com/v2/proxy"},
		}},
		{Host: "registry.example.com:5000"},
	}
}

// gvisor and crun are the two kinds of runtimes.
func runtimes(s *Spec) {
	s.Runtimes = []Handler{
		{Name: "gvisor", Type: "io.containerd.runsc.v1", ConfigPath: "/etc/containerd/runsc.toml"},
		{Name: "crun", Type: shimV2, BinaryName: "/usr/bin/crun"},
	}
}

func limits(s *Spec) {
	s.Rlimits = []ocispec.Rlimit{{Type: "RLIMIT_NOFILE", Soft: 65535, Hard: 65535}}
}

// configured is an installed host as the step leaves it, with more changed after.
func configured(t *testing.T, change func(*Spec), more ...hosttest.Option) func() *hosttest.Fake {
	t.Helper()
	return func() *hosttest.Fake {
		h := installed("1.7.24-1")
		ops, err := stepFor("1.7.24-1", "", change)().Plan(t.Context(), h)
		if _, failure := steps.Split(err); failure != nil {
			t.Fatal(failure)
		}
		for _, planned := range ops {
			if err := planned.Do(t.Context(), h); err != nil {
				t.Fatal(err)
			}
		}
		settled := h.Clone()
		settled.Change(more...)
		return settled
	}
}

func all(s *Spec) { registries(s); runtimes(s); limits(s) }

func TestStepWithRegistriesRuntimesAndBaseSpec(t *testing.T) {
	t.Parallel()
	plain := func(*Spec) {}
	onlyPort := func(s *Spec) {
		registries(s)
		s.Registries = s.Registries[1:]
	}
	reversed := func(s *Spec) {
		registries(s)
		m := s.Registries[0].Mirrors
		m[0], m[1] = m[1], m[0]
	}
	foreign := hosttest.File(certs+"/docker.io/hosts.toml", "server = \"https://other\"\n")
	cases := []struct {
		name, golden string
		step         func(*Spec)
		host         func() *hosttest.Fake
	}{
		{"writes all and restarts once", "all", all, func() *hosttest.Fake { return installed("1.7.24-1") }},
		{"has nothing to do after itself", "all-converged", all, configured(t, all)},
		{"does not restart for a new order of mirrors", "mirrors-reversed", reversed, configured(t, registries)},
		{"removes its own hosts.toml and no other", "registry-removed", onlyPort,
			configured(t, registries, hosttest.File(certs+"/ghcr.io/hosts.toml", "server = \"https://ghcr.io\"\n"), hosttest.Dir(certs+"/empty", 0o755))},
		{"replaces the hosts.toml of somebody else", "registry-foreign", registries, configured(t, onlyPort, foreign)},
		{"repairs a changed base specification with a restart", "base-spec-drift", limits,
			configured(t, limits, hosttest.FileWith(BaseSpecFile, "{}\n", host.Attr{Mode: 0o644}))},
		{"forgets the base specification", "base-spec-removed", plain, configured(t, limits)},
	}
	for _, c := range cases {
		steptest.Run(t, steptest.Case{
			Name: c.name, Golden: "testdata/plans/" + c.golden + ".golden", Step: stepFor("1.7.24-1", "", c.step), Host: c.host,
			Kinds: []map[string]steps.Op{{"install": install{}}},
		})
	}
}

func TestRegistryFolders(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ dir, server string }{
		"docker.io":            {"docker.io", "https://registry-1.docker.io"},
		"ghcr.io":              {"ghcr.io", "https://ghcr.io"},
		"r.example.com:5000":   {"r.example.com_5000_", "https://r.example.com:5000"},
		"localhost:5000":       {"localhost_5000_", "http://localhost:5000"},
		"127.0.0.1:5000":       {"127.0.0.1_5000_", "http://127.0.0.1:5000"},
		"[fd00::1]:5000":       {"[fd001]_5000_", "https://[fd00::1]:5000"},
		"registry.example.com": {"registry.example.com", "https://registry.example.com"},
	}
	for name, want := range cases {
		r := Registry{Host: name}
		if r.dir() != want.dir || r.server() != want.server {
			t.Errorf("%s: got folder %q and server %q, want %q and %q", name, r.dir(), r.server(), want.dir, want.server)
		}
	}
}

// oneOfAll is a valid Spec for mutations.
func oneOfAll() Spec {
	var s Spec
	registries(&s)
	runtimes(&s)
	return s
}

func TestPlanRefusesRegistriesAndRuntimes(t *testing.T) {
	t.Parallel()
	if _, failure := steps.Split(New(oneOfAll()).check()); failure != nil {
		t.Fatal(failure)
	}
	mirror := func(change func(*Mirror)) func(*Spec) {
		return func(s *Spec) { change(&s.Registries[0].Mirrors[0]) }
	}
	runtime := func(change func(*Handler)) func(*Spec) { return func(s *Spec) { change(&s.Runtimes[0]) } }
	for want, mutate := range map[string]func(*Spec){
		`host "../x" is not a host`:                   func(s *Spec) { s.Registries[0].Host = "../x" },
		`host "https://docker.io" is not a host`:      func(s *Spec) { s.Registries[0].Host = "https://docker.io" },
		"host docker.io comes twice":                  func(s *Spec) { s.Registries[1].Host = "docker.io" },
		`mirror "https://b.example.com" comes twice`:  func(s *Spec) { s.Registries[0].Mirrors[1].URL = s.Registries[0].Mirrors[0].URL },
		"this is not the http or https URL":           mirror(func(m *Mirror) { m.URL = "b.example.com" }),
		"user and password have no place here":        mirror(func(m *Mirror) { m.URL = "https://u:hunter2@b.example.com" }),
		`ca "b.pem" is not a clean absolute path`:     mirror(func(m *Mirror) { m.CA = "b.pem" }),
		"quotes, backslashes and line breaks":         mirror(func(m *Mirror) { m.URL = `https://b.example.com/"` }),
		`"Gvisor": this is not the name of a handler`: runtime(func(r *Handler) { r.Name = "Gvisor" }),
		"runc is always there":                        runtime(func(r *Handler) { r.Name = "runc" }),
		`type "runsc" is not the name of a shim`:      runtime(func(r *Handler) { r.Type = "runsc" }),
		"binaryName is an option of":                  runtime(func(r *Handler) { r.BinaryName = "/usr/bin/runsc" }),
		"io.containerd.runc.v2 has no configuration":  func(s *Spec) { s.Runtimes[1].ConfigPath = "/etc/x" },
		`configPath "x.toml" is not a clean absolute`: runtime(func(r *Handler) { r.ConfigPath = "x.toml" }),
		`"crun" comes twice`:                          runtime(func(r *Handler) { r.Name, r.Type = "crun", shimV2; r.ConfigPath = "" }),
		"use instead: spec.cri.containerd.runtimes alone": func(s *Spec) {
			s.Config = map[string]any{"plugins": map[string]any{pluginCRI: map[string]any{"containerd": map[string]any{"runtimes": map[string]any{"crun": map[string]any{"snapshotter": "x"}}}}}}
		},
		"use instead: spec.cri.containerd.baseRuntimeSpec": func(s *Spec) {
			s.Config = map[string]any{"plugins": map[string]any{pluginRuntime: map[string]any{"containerd": map[string]any{"runtimes": map[string]any{"runc": map[string]any{"base_runtime_spec": "x"}}}}}}
		},
		"use instead: spec.cri.containerd.registries": func(s *Spec) {
			s.Config = map[string]any{"plugins": map[string]any{pluginImages: map[string]any{"registry": map[string]any{"config_path": "/x"}}}}
		},
	} {
		spec := oneOfAll()
		mutate(&spec)
		failure, _ := planError(t, New(spec), installed("1.7.24-1"))
		if failure == nil || !strings.Contains(failure.Error(), want) {
			t.Errorf("got %v, want %q in it", failure, want)
		}
		if failure != nil && strings.Contains(failure.Error(), "hunter2") {
			t.Errorf("got %v, want no password in it", failure)
		}
	}
}

func TestRegistriesAndTheFileThatIsThere(t *testing.T) {
	t.Parallel()
	table := func(body string) string {
		return "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\n" + body
	}
	cases := map[string]struct {
		file, release string
		want, fails   string
	}{
		"sets the folder":                                {"", "1.7", certs, ""},
		"sets it where it was empty":                     {table("config_path = \"\"\n"), "1.7", certs, ""},
		"keeps the folder among others":                  {table("config_path = \"/a:/etc/containerd/certs.d/\"\n"), "1.7", "/a:/etc/containerd/certs.d/", ""},
		"comes before folders of others":                 {table("config_path = \"/a:/b\"\n"), "1.7", certs + ":/a:/b", ""},
		"leaves the default of 2.2, which has it":        {"", "2.2", "", ""},
		"takes passwords beside it":                      {table("[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.x.auth]\nusername = \"u\"\n"), "1.7", certs, ""},
		"takes empty mirrors, as the default has":        {table("[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors]\n"), "1.7", certs, ""},
		"refuses mirrors beside it":                      {table("[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.x]\nendpoint = [\"y\"]\n"), "1.7", "", `has plugins."io.containerd.grpc.v1.cri".registry.mirrors, and containerd does not start`},
		"refuses certificates of the old way":            {table("[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.x.tls]\nca_file = \"c\"\n"), "1.7", "", `registry.configs, and containerd does not start`},
		"refuses a containerd without hosts.toml":        {"", "1.4", "", `needs containerd 1.5 or later, and this is 1.4: take a newer one, or write the table plugins."io.containerd.grpc.v1.cri".registry.mirrors`},
		"sets the folder where nobody knows the release": {"", "", certs, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := someSettings(c.release)
			settings.CertsDir = certs
			merged, err := Merge([]byte(c.file), settings)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("got %v, want %q in it", err, c.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			doc, err := parse(merged.Content)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := lookup(doc, append(layoutOf(merged.Layout, settings.Release).registry, "config_path")...).(string)
			if got != c.want {
				t.Errorf("got config_path %q, want %q in\n%s", got, c.want, merged.Content)
			}
		})
	}
}

func TestLayout3HasItsOwnPlaces(t *testing.T) {
	t.Parallel()
	settings := someSettings("2.1")
	settings.CertsDir, settings.BaseSpecFile, settings.Runtimes = certs, BaseSpecFile, oneOfAll().Runtimes
	merged, err := Merge(nil, settings)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := parse(merged.Content)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]any{
		pluginImages + "/registry/config_path":                            certs,
		pluginRuntime + "/containerd/runtimes/runc/base_runtime_spec":     BaseSpecFile,
		pluginRuntime + "/containerd/runtimes/gvisor/options/TypeUrl":     "io.containerd.runsc.v1.options",
		pluginRuntime + "/containerd/runtimes/crun/options/BinaryName":    "/usr/bin/crun",
		pluginRuntime + "/containerd/runtimes/crun/options/SystemdCgroup": true,
	} {
		if got := lookup(doc, append([]string{"plugins"}, strings.Split(path, "/")...)...); got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
}

func TestNullTakesTheOldMirrorsAway(t *testing.T) {
	t.Parallel()
	settings := someSettings("1.7")
	settings.CertsDir = certs
	settings.Overlay = map[string]any{"plugins": map[string]any{pluginCRI: map[string]any{"registry": map[string]any{"mirrors": nil}}}}
	file := "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.x]\nendpoint = [\"y\"]\n"
	if _, err := Merge([]byte(file), settings); err != nil {
		t.Errorf("got %v, want the way out that the message names to work", err)
	}
}

func TestBaseSpecOfRuntimes(t *testing.T) {
	t.Parallel()
	const file = `version = 2
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.theirs]
runtime_type = "io.containerd.kata.v2"
base_runtime_spec = "/etc/theirs.json"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.plain]
runtime_type = "io.containerd.kata.v2"
`
	settings := someSettings("1.7")
	settings.BaseSpecFile = BaseSpecFile
	spec := oneOfAll()
	settings.Runtimes = spec.Runtimes
	merged, err := Merge([]byte(file), settings)
	if err != nil {
		t.Fatal(err)
	}
	named := func(content []byte) map[string]any {
		doc, err := parse(content)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]any{}
		entries := lookup(doc, "plugins", pluginCRI, "containerd", "runtimes").(table)
		for name, entry := range entries {
			found[name] = entry.(table)["base_runtime_spec"]
		}
		return found
	}
	want := map[string]any{"runc": BaseSpecFile, "gvisor": BaseSpecFile, "crun": BaseSpecFile, "plain": BaseSpecFile, "theirs": "/etc/theirs.json"}
	if diff := cmp.Diff(want, named(merged.Content)); diff != "" {
		t.Errorf("base_runtime_spec of the runtimes (-want +got):\n%s", diff)
	}
	settings.BaseSpecFile = ""
	if merged, err = Merge(merged.Content, settings); err != nil {
		t.Fatal(err)
	}
	want = map[string]any{"runc": nil, "gvisor": nil, "crun": nil, "plain": nil, "theirs": "/etc/theirs.json"}
	if diff := cmp.Diff(want, named(merged.Content)); diff != "" {
		t.Errorf("without a file (-want +got):\n%s", diff)
	}
}

func TestPlanWarnsOfRegistriesAndRuntimes(t *testing.T) {
	t.Parallel()
	h := installed("1.7.24-1", hosttest.File(certs+"/docker.io/hosts.toml", "server = \"x\"\n"),
		hosttest.File(certs+"/registry.example.com:5000/hosts.toml", "server = \"x\"\n"),
		hosttest.File("/usr/bin/crun", ""))
	failure, remarks := planError(t, stepFor("1.7.24-1", "", all)(), h)
	if failure != nil {
		t.Fatal(failure)
	}
	for _, want := range []string{
		certs + "/docker.io/hosts.toml was written by somebody else and is replaced",
		certs + "/registry.example.com:5000/hosts.toml has no effect: containerd takes " + certs + "/registry.example.com_5000_/hosts.toml first",
		"ca /etc/ssl/b.pem of mirror https://b.example.com is not on the host now",
		"gvisor needs the program containerd-shim-runsc-v1",
		"gvisor names /etc/containerd/runsc.toml, which is not on the host now",
	} {
		if !strings.Contains(remarks, want) {
			t.Errorf("got remarks\n%s\nwant %q among them", remarks, want)
		}
	}
	if strings.Contains(remarks, "crun") {
		t.Errorf("got remarks\n%s\nwant none about crun, which is all there", remarks)
	}
}
