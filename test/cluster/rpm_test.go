//go:build cluster

package cluster

import (
	"strings"
	"testing"
)

func TestRPMNode(t *testing.T) {
	t.Parallel()
	for suite, id := range map[string]string{RockyOnDebian: "rocky", LeapOnDebian: "opensuse-leap"} {
		t.Run("boots a node that says it is "+id, func(t *testing.T) {
			t.Parallel()
			node := bootNode(t, shared, NodeConfig{Name: strings.ReplaceAll(suite, ".", "-"), Suite: suite})
			if got := mustOutput(t, node, "systemctl", "is-system-running"); got != "running" {
				t.Errorf("state of systemd: got %q, want running", got)
			}
			if got := mustOutput(t, node, "sh", "-c", ". /etc/os-release; echo $ID"); got != id {
				t.Errorf("ID in os-release: got %q, want %q", got, id)
			}
			for _, program := range []string{"apt-get", "dpkg", "containerd", "runc", "kubelet"} {
				if path, err := node.Output(t.Context(), "which", program); err == nil {
					t.Errorf("an rpm node has %s", path)
				}
			}
			if got := mustOutput(t, node, "rpm", "-q", "iptables-nft"); !strings.HasPrefix(got, "iptables-nft-") {
				t.Errorf("rpm -q iptables-nft: got %q", got)
			}
			mustOutput(t, node, "iptables", "--version")
		})
	}
}

func TestRPMRepositories(t *testing.T) {
	t.Parallel()
	node := bootNode(t, shared, NodeConfig{Name: "rpms", Suite: RockyOnDebian})
	var key string
	for _, name := range rpmRepositories {
		repository, err := shared.Repository(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		key = repository.Key
		if err := node.WriteFile(t.Context(), "/etc/yum.repos.d/"+name+".repo", repository.RepoFile("/etc/pki/rpm-gpg/test"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := node.WriteFile(t.Context(), "/etc/pki/rpm-gpg/test", key, 0o644); err != nil {
		t.Fatal(err)
	}
	install := func(repository string, packages ...string) error {
		_, err := node.Output(t.Context(), append([]string{"dnf", "-y", "--repo=" + repository, "install"}, packages...)...)
		return err
	}
	for repository, packages := range map[string][]string{
		RepositoryRPMOlder:      {"kubelet-1.35.4-150500.1.1", "kubectl"},
		RepositoryRPMKubernetes: {"kubelet-1.36.3"},
		RepositoryRPMContainerd: {"containerd.io"},
		RepositoryRPMDemo:       {"hostler-demo-1.0-1"},
	} {
		if err := install(repository, packages...); err != nil {
			t.Errorf("dnf installs %v from %s: %v", packages, repository, err)
		}
	}
	mustOutput(t, node, "runc", "--version")
	mustOutput(t, node, "systemctl", "start", "containerd")
	if err := install(RepositoryRPMDemoUnsigned, "hostler-demo-1.1-1"); err == nil || !strings.Contains(err.Error(), "not signed") {
		t.Errorf("an unsigned package: got %v, want that it is not signed", err)
	}
	if err := install(RepositoryRPMDemo, "hostler-demo-2.0-1"); err == nil {
		t.Error("dnf installed the version whose script fails")
	}
}
