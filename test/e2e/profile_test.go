//go:build cluster

package e2e

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/sysctl"
	"github.com/hostler-dev/hostler/test/bed"
	"github.com/hostler-dev/hostler/test/cluster"
)

// TestProfile gives machines of each release the whole profile, and each major version of containerd to one of them: they
// become nodes, each item is changed by hand and repaired, and at last they are given back as they were.
func TestProfile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, suite string
		layout      string // version of containerd's configuration file
		drift       []drift
		edits       func(t *testing.T) []bed.Edit
		left        []exception
	}{
		// Debian 11 has containerd 1.4, which the kubelet does not speak to any more.
		{"bullseye with containerd 2", "bullseye", "3", slices.Concat(profileDrift, debianDrift), containerd2, nil},
		{"bookworm with containerd 2", "bookworm", "3", slices.Concat(profileDrift, debianDrift), containerd2, nil},
		{"trixie with its containerd", "trixie", "2", slices.Concat(profileDrift, debianDrift), func(*testing.T) []bed.Edit { return nil }, nil},
		{"rocky with dnf", cluster.RockyOnDebian, "3", slices.Concat(profileDrift, rockyDrift), rpms, leftByDnf},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			name := strings.ReplaceAll(c.name, " ", "-")
			w := &worker{machine: boot(t, cluster.NodeConfig{Name: name, Suite: c.suite}, binaries.plain)}
			w.cp = w.canJoin(t)
			w.live(t, c.layout, c.drift, c.left, c.edits(t)...)
		})
	}
}

// containerd2 takes containerd from a repository of its own.
func containerd2(t *testing.T) []bed.Edit {
	return []bed.Edit{addRepository(t, cluster.RepositoryContainerd2), func(spec map[string]any) {
		bed.Child(spec, "cri", "containerd")["version"] = "2.1.9-1"
	}}
}

// rpms takes all packages from repositories of rpms. The machine's own ones are those of a minimal Debian beneath, which
// has nothing that makes bundles of certificates as Enterprise Linux does.
func rpms(t *testing.T) []bed.Edit {
	return []bed.Edit{func(spec map[string]any) {
		var list []any
		for _, name := range []string{cluster.RepositoryRPMKubernetes, cluster.RepositoryRPMContainerd} {
			list = append(list, map[string]any{"name": name, "type": "rpm", "url": repository(t, name).URL, "key": bed.KeyFile})
		}
		bed.Child(spec, "packages")["repositories"] = list
		delete(bed.Child(spec, "operatingSystem"), "caCertificates")
	}}
}

// live is the life of a machine with the whole profile.
func (w *worker) live(t *testing.T, layout string, drift []drift, left []exception, edits ...bed.Edit) {
	w.give(t, w.profileGroup(t, edits...))
	w.prepare(t)
	w.bare = w.look(t)
	for _, chapter := range []struct {
		name string
		test func(*testing.T)
	}{
		{"apply makes it a Ready node", func(t *testing.T) {
			w.wantHostler(t, 0, "apply", "-f", groupFile)
			w.wantReady(t, w.cp, cluster.Kubernetes)
			w.runPod(t, w.cp)
			w.converged(t)
			w.judged(t, layout)
		}},
		{"each item is repaired", func(t *testing.T) { w.drift(t, drift, leftByRepair...) }},
		{"rollback gives the bare machine back", func(t *testing.T) { w.givesBack(t, left) }},
	} {
		if !t.Run(chapter.name, chapter.test) {
			t.FailNow()
		}
	}
}

// profileGroup is examples/profile.yaml for this cluster. The parameters of the kernel that all machines of the test bed
// share are left as they are: only their names go through the profile.
func (w *worker) profileGroup(t *testing.T, edits ...bed.Edit) string {
	t.Helper()
	profile, err := os.ReadFile(filepath.Join(checkout, "examples", "profile.yaml"))
	must(t, err)
	packages := repository(t, cluster.RepositoryKubernetes)
	fit := func(spec map[string]any) {
		os := bed.Child(spec, "operatingSystem")
		// The API server and the repositories of a run have one address.
		bed.Child(os, "proxy")["noProxy"] = []string{host(t, w.cp.URL), ".example.internal"}
		// Nobody here may raise a limit beyond his own (CAP_SYS_RESOURCE).
		bed.Child(spec, "cri", "containerd")["baseRuntimeSpec"] = map[string]any{
			"rlimits": []any{map[string]any{"type": "RLIMIT_NOFILE", "soft": 4096, "hard": 16384}},
		}
		values := bed.Child(os, "sysctl")
		for _, entry := range sysctl.KubernetesEntries() {
			if out, err := w.Output(t.Context(), "sysctl", "-n", string(entry.Key)); err == nil && sharedKey(entry.Key) {
				values[string(entry.Key)] = strings.TrimSpace(out)
			}
		}
	}
	group, err := bed.Fit(profile, packages, append([]bed.Edit{fit}, edits...)...)
	must(t, err)
	return group
}

// sharedKey tells the parameters that every network namespace has for itself from those that there are once.
func sharedKey(key sysctl.Key) bool {
	return !strings.HasPrefix(string(key), "net.") || strings.Contains(string(key), ".gc_thresh") || strings.Contains(string(key), "nf_conntrack_max")
}

// prepare adds what a distribution may have and a minimal machine has not, so that there is something to switch off.
func (w *worker) prepare(t *testing.T) {
	t.Helper()
	const daemon = "[Unit]\nDescription=NAME\n[Service]\nExecStart=/bin/sleep infinity\nExecReload=/bin/true\n[Install]\nWantedBy=multi-user.target\n"
	for _, unit := range []string{"rpcbind.service", "firewalld.service", "NetworkManager.service"} {
		must(t, w.WriteFile(t.Context(), "/usr/lib/systemd/system/"+unit, strings.ReplaceAll(daemon, "NAME", unit), 0o644))
	}
	w.shell(t, "systemctl daemon-reload; systemctl -q enable --now rpcbind.service firewalld.service NetworkManager.service; mkdir -p /etc/NetworkManager/conf.d")
}

// leftByRepair is what differs after the drift was repaired.
var leftByRepair = []exception{
	{"content /etc/passwd-", "usermod keeps the file as it was before it, by whoever's hand"},
	{"start of rpcbind.service", "it was started by hand, and is stopped"},
	{"start of systemd-journal-flush.service", "some systemds run it when journald starts"},
}

// profileDrift is a change by hand of each item of the profile.
var profileDrift = []drift{
	{name: "a parameter of the profile", script: "sysctl -qw net.ipv4.ip_forward=0", keys: []string{"sysctl:net.ipv4.ip_forward"}},
	{name: "the file of huge pages", script: "rm /etc/tmpfiles.d/90-hostler-hugepages.conf", keys: []string{"file:/etc/tmpfiles.d/90-hostler-hugepages.conf"}},
	{name: "the rule for disks", script: "chmod 0600 /etc/udev/rules.d/90-hostler-block.rules", keys: []string{"file:/etc/udev/rules.d/90-hostler-block.rules"}},
	{name: "the limits of sessions", script: "echo '* soft nofile 7' >> /etc/security/limits.d/90-hostler.conf", keys: []string{"file:/etc/security/limits.d/90-hostler.conf"}},
	{name: "a key that somebody added", script: "echo 'ssh-ed25519 AAAA intruder' >> /home/ops/.ssh/authorized_keys", keys: []string{"authorized-keys:ops"}},
	{name: "the shell of a user", script: "usermod -s /bin/sh ops", keys: []string{"user:ops"}},
	{name: "the file that keeps NetworkManager away", script: "rm /etc/NetworkManager/conf.d/90-hostler-cni.conf", keys: []string{"file:/etc/NetworkManager/conf.d/90-hostler-cni.conf", "unit:NetworkManager.service"}},
	{name: "a mirror", script: "sed -i s/mirror/rorrim/ /etc/containerd/certs.d/docker.io/hosts.toml", keys: []string{"file:/etc/containerd/certs.d/docker.io/hosts.toml"}},
	{name: "a file", script: "echo hello > /etc/motd", keys: []string{"file:/etc/motd"}},
	{name: "a listener that is back", script: "systemctl -q unmask rpcbind.service; systemctl start rpcbind.service", keys: []string{"unit-file:rpcbind.service", "unit:rpcbind.service", "systemd:daemon-reload"}},
	{name: "journald's limits", script: "sed -i s/MaxUse=.*/MaxUse=2G/ /etc/systemd/journald.conf.d/90-hostler.conf", keys: []string{"file:/etc/systemd/journald.conf.d/90-hostler.conf", "unit:systemd-journald.service"}, restarts: []string{"systemd-journald.service"}},
	{
		name: "the base of all containers", script: "sed -i s/16384/8192/ /etc/containerd/hostler-base-spec.json",
		keys: []string{"file:/etc/containerd/hostler-base-spec.json", "unit:containerd.service"}, restarts: []string{"containerd.service"},
	},
}

// debianDrift is a change of what only Debian has.
var debianDrift = []drift{
	{name: "a certificate that was deleted", script: "rm /usr/local/share/ca-certificates/hostler-example-internal.crt", keys: []string{"trust:/etc/ssl/certs/ca-certificates.crt"}},
	{name: "the proxy of apt", script: "rm /etc/apt/apt.conf.d/90hostler-proxy", keys: []string{"file:/etc/apt/apt.conf.d/90hostler-proxy"}},
	{name: "apt's own schedule", script: "echo >> /etc/apt/apt.conf.d/99hostler-no-periodic", keys: []string{"file:/etc/apt/apt.conf.d/99hostler-no-periodic"}},
	{name: "a timer that was unmasked", script: "systemctl -q unmask apt-daily.timer", keys: []string{"unit-file:apt-daily.timer", "systemd:daemon-reload"}},
	{name: "a hold that was removed", script: "apt-mark -qq unhold kubelet", keys: []string{"package-hold:kubelet"}},
}

// rockyDrift is a change of what only machines with dnf have.
var rockyDrift = []drift{
	{name: "the proxy of dnf", script: "sed -i /proxy/d /etc/dnf/dnf.conf", keys: []string{"file:/etc/dnf/dnf.conf"}},
	{name: "a lock that was removed", script: "sed -i '/hostler keeps/{N;/kubectl/d}' /etc/dnf/plugins/versionlock.list", keys: []string{"package-hold:kubectl"}},
	{name: "a key that rpm was told to forget", script: "rpm -e gpg-pubkey", keys: []string{"package-key:" + bed.KeyFile}},
	{name: "a repository that was changed", script: "sed -i s/gpgcheck=1/gpgcheck=0/ /etc/yum.repos.d/rpm-containerd.repo", keys: []string{"file:/etc/yum.repos.d/rpm-containerd.repo", "package-lists:rpm-containerd"}},
}

// leftByDnf is what differs after packages were installed by dnf and removed again.
var leftByDnf = []exception{
	{"file /var/lib/dnf/history.sqlite*", "dnf writes down what was done, and that it was undone"},
	{"file /opt/cni*", "rpm makes folders that no package owns, as those of kubernetes-cni here, and does not know them when it removes"},
	{"file /etc/cni", "containerd makes it when it starts"},
}

func (w *worker) givesBack(t *testing.T, left []exception) {
	w.kubectl(t, w.cp, "delete", "pod/on-"+w.Name, "--grace-period=1", "--timeout=60s")
	w.wantHostler(t, 0, "rollback", "1")
	w.kubectl(t, w.cp, "delete", "node/"+w.Name)
	wantSame(t, "the machine, compared with what it was before hostler came,", w.bare, w.look(t), slices.Concat(leftByPackages, leftByNode, leftByPods, left)...)
}

// host is the host of a URL.
func host(t *testing.T, text string) string {
	t.Helper()
	parsed, err := url.Parse(text)
	must(t, err)
	return parsed.Hostname()
}
