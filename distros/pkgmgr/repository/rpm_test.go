package repository

import (
	"strings"
	"testing"
)

var rpmDirs = Dirs{Sources: "/etc/yum.repos.d", Keys: "/etc/pki/rpm-gpg"}

func validRPM() Spec {
	return Spec{Format: RPM, Name: "kubernetes", URL: "https://pkgs.k8s.io/core:/stable:/v1.36/rpm/", Key: []byte(armour)}
}

func TestFilesOfARepositoryOfRPMs(t *testing.T) {
	t.Parallel()
	spec := validRPM()
	if err := spec.Validate(); err != nil {
		t.Fatalf("got %v want a valid repository", err)
	}
	const want = `# Managed by hostler.
[kubernetes]
name=kubernetes
baseurl=https://pkgs.k8s.io/core:/stable:/v1.36/rpm/
enabled=1
gpgcheck=1
gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-kubernetes
`
	if got := string(spec.SourceContent(rpmDirs)); got != want {
		t.Errorf("source: got\n%s\nwant\n%s", got, want)
	}
	if got := spec.SourcePath(rpmDirs); got != "/etc/yum.repos.d/kubernetes.repo" {
		t.Errorf("source path: got %q", got)
	}
	if got := spec.KeyPath(rpmDirs); got != "/etc/pki/rpm-gpg/RPM-GPG-KEY-kubernetes" {
		t.Errorf("key path: got %q", got)
	}
}

func TestValidateOfRPMs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mutate func(*Spec)
		want   string
	}{
		"a suite":      {func(s *Spec) { s.Suite = "/" }, "neither suite nor components"},
		"a component":  {func(s *Spec) { s.Components = []string{"main"} }, "neither suite nor components"},
		"no key":       {func(s *Spec) { s.Key = nil }, "no key"},
		"a line break": {func(s *Spec) { s.URL += "\ngpgcheck=0" }, "url"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := validRPM()
			c.mutate(&spec)
			if err := spec.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v want an error with %q", err, c.want)
			}
		})
	}
}

func TestListsOfRPMs(t *testing.T) {
	t.Parallel()
	lists := validRPM().Lists()
	// The names were taken from dnf 4.14; yum's and zypper's are the bare name.
	for name, own := range map[string]bool{
		"/var/cache/dnf/kubernetes-c12bd89c90c1f6d9": true, "/var/cache/dnf/kubernetes.solv": true,
		"/var/cache/dnf/kubernetes-filenames.solvx": true, "/var/cache/yum/x86_64/7/kubernetes": true,
		"/var/cache/dnf/kubernetes-1.35-3fa9cb219d155682": false, "/var/cache/dnf/kubernetes-1.35.solv": false,
		"/var/cache/dnf/packages.db": false,
	} {
		if got := lists.Own(name); got != own {
			t.Errorf("%s: got own %t want %t", name, got, own)
		}
		if got := lists.Fetched([]string{name}); got != own {
			t.Errorf("with %s: got fetched %t want %t", name, got, own)
		}
	}
}
