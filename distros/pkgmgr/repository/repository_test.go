package repository

import (
	"strings"
	"testing"
)

const armour = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmDMEZ\n-----END PGP PUBLIC KEY BLOCK-----"

var dirs = Dirs{Sources: "/etc/apt/sources.list.d", Keys: "/etc/apt/keyrings"}

func valid() Spec {
	return Spec{Name: "kubernetes", URL: "https://pkgs.k8s.io/core:/stable:/v1.36/deb", Suite: "/", Key: []byte(armour)}
}

func TestFilesOfARepository(t *testing.T) {
	t.Parallel()
	flat, suited := valid(), valid()
	flat.Name = "kubernetes-1.36"
	suited.Name, suited.URL, suited.Suite, suited.Components = "docker", "https://download.docker.com/linux/debian", "bookworm", []string{"stable", "test"}
	onHost := valid()
	onHost.Key, onHost.KeyFile = nil, "/usr/share/keyrings/company.gpg"
	cases := map[string]struct {
		spec                 Spec
		source, key, content string
	}{
		"flat": {flat, "deb [signed-by=/etc/apt/keyrings/kubernetes-1.36.asc] https://pkgs.k8s.io/core:/stable:/v1.36/deb /",
			"/etc/apt/keyrings/kubernetes-1.36.asc", armour + "\n"},
		"with suite and components": {suited, "deb [signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/debian bookworm stable test",
			"/etc/apt/keyrings/docker.asc", armour + "\n"},
		"with a key that is on the host": {onHost, "deb [signed-by=/usr/share/keyrings/company.gpg] https://pkgs.k8s.io/core:/stable:/v1.36/deb /",
			"/usr/share/keyrings/company.gpg", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := c.spec.Validate(); err != nil {
				t.Fatalf("got %v want a valid repository", err)
			}
			if got, want := string(c.spec.SourceContent(dirs)), "# Managed by hostler.\n"+c.source+"\n"; got != want {
				t.Errorf("source: got %q want %q", got, want)
			}
			if got := c.spec.SourcePath(dirs); got != "/etc/apt/sources.list.d/"+c.spec.Name+".list" {
				t.Errorf("source path: got %q", got)
			}
			if got := c.spec.KeyPath(dirs); got != c.key {
				t.Errorf("key path: got %q want %q", got, c.key)
			}
			if got, err := c.spec.KeyContent(dirs); string(got) != c.content || err != nil {
				t.Errorf("key: got %q, %v want %q", got, err, c.content)
			}
		})
	}
}

func TestARepositoryOfRPMsLeavesTheProxyOut(t *testing.T) {
	t.Parallel()
	spec := Spec{Format: RPM, Name: "kubernetes", URL: "http://packages.example.internal/rpm", KeyFile: "/etc/key.asc"}
	if text := string(spec.SourceContent(Dirs{})); strings.Contains(text, "proxy") {
		t.Errorf("got %q, want no word of a proxy", text)
	}
	spec.Direct = true
	if text := string(spec.SourceContent(Dirs{})); !strings.HasSuffix(text, "\nproxy=_none_\n") {
		t.Errorf("got %q, want proxy=_none_ in it", text)
	}
}

func TestValidateNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		mutate func(*Spec)
		want   string
	}{
		"a name that apt would ignore":     {func(s *Spec) { s.Name = "my repo" }, "name is not made"},
		"a name that leads elsewhere":      {func(s *Spec) { s.Name = "../x" }, "name is not made"},
		"a name of a hidden file":          {func(s *Spec) { s.Name = ".x" }, "name is not made"},
		"no address":                       {func(s *Spec) { s.URL = "" }, "url"},
		"an address of another kind":       {func(s *Spec) { s.URL = "ftp://x/y" }, "url"},
		"an address with options in it":    {func(s *Spec) { s.URL = "http://x/ [trusted=yes]" }, "url"},
		"an address with a password":       {func(s *Spec) { s.URL = "https://u:p@x/" }, "auth.conf.d"},
		"no suite":                         {func(s *Spec) { s.Suite = "" }, "suite"},
		"a suite with a line break":        {func(s *Spec) { s.Suite = "x/\ndeb http://evil /" }, "single words"},
		"a flat suite with components":     {func(s *Spec) { s.Components = []string{"main"} }, "ends in /"},
		"a suite without components":       {func(s *Spec) { s.Suite = "bookworm" }, "at least one"},
		"a component that is a comment":    {func(s *Spec) { s.Suite, s.Components = "x", []string{"#main"} }, "single words"},
		"no key":                           {func(s *Spec) { s.Key = nil }, "no key"},
		"a key that is none":               {func(s *Spec) { s.Key = []byte("mDMEZ") }, "ASCII armour"},
		"a key that is cut":                {func(s *Spec) { s.Key = s.Key[:40] }, "ASCII armour"},
		"a private key":                    {func(s *Spec) { s.Key = []byte("-----BEGIN PGP PRIVATE KEY BLOCK-----") }, "private"},
		"a key given twice":                {func(s *Spec) { s.KeyFile = "/k" }, "both"},
		"a key file with a relative path":  {func(s *Spec) { s.Key, s.KeyFile = nil, "k.asc" }, "absolute"},
		"a key file that ends the options": {func(s *Spec) { s.Key, s.KeyFile = nil, "/k] x" }, "absolute"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := valid()
			c.mutate(&spec)
			if err := spec.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v want an error with %q", err, c.want)
			}
		})
	}
}

func TestListsFollowAptsNames(t *testing.T) {
	t.Parallel()
	// The names were taken from apt 2.6 with such repositories.
	cases := map[string]struct {
		url, suite string
		components []string
		own        []string
		foreign    []string
	}{
		"flat at the root": {"https://pkgs.k8s.io/core:/stable:/v1.36/deb/", "/", nil,
			[]string{"pkgs.k8s.io_core:_stable:_v1.36_deb_InRelease", "pkgs.k8s.io_core:_stable:_v1.36_deb_Packages.lz4"},
			[]string{"pkgs.k8s.io_core:_stable:_v1.35_deb_InRelease", "pkgs.k8s.io_core:_stable:_v1.36_deb_more_InRelease", "lock"}},
		"flat in a folder of this machine": {"file:/repo", "./", nil,
			[]string{"_repo_._Release", "_repo_._Packages.lz4"}, []string{"_repo_Release"}},
		"with a suite": {"http://127.0.0.1:18991/", "s", []string{"main"},
			[]string{"127.0.0.1:18991_dists_s_InRelease", "127.0.0.1:18991_dists_s_main_binary-amd64_Packages"},
			[]string{"127.0.0.1:18991_dists_s_other_binary-amd64_Packages", "127.0.0.1:18991_dists_s_updates_InRelease", "127.0.0.1:18991_dists_t_InRelease"}},
		"with characters that apt quotes": {"http://host/~me/my_repo", "s", []string{"main"},
			[]string{"host_%7eme_my%5frepo_dists_s_InRelease"}, nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lists := Spec{URL: c.url, Suite: c.suite, Components: c.components}.Lists()
			for _, file := range c.own {
				if !lists.Own(file) {
					t.Errorf("%s: got foreign want own (prefix %s)", file, lists.Prefix)
				}
			}
			for _, file := range c.foreign {
				if lists.Own(file) {
					t.Errorf("%s: got own want foreign", file)
				}
			}
			if !lists.Fetched(append([]string{"lock", "partial"}, c.own[0])) {
				t.Errorf("with %s: got not fetched want fetched", c.own[0])
			}
			if lists.Fetched(append([]string{"lock"}, c.own[1:]...)) || lists.Fetched(c.foreign) {
				t.Errorf("without a release file of its own: got fetched want not")
			}
		})
	}
}
