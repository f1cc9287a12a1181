package host_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hostler-dev/hostler/steps/host"
)

func TestCheckReadOnly(t *testing.T) {
	t.Parallel()

	t.Run("lets reading commands pass", func(t *testing.T) {
		t.Parallel()
		for _, line := range []string{
			"apt-cache policy kubelet",
			"/usr/bin/apt-cache madison kubelet containerd",
			"apt-cache policy -o Dir::Cache::pkgcache= kubelet",
			"apt-get -s install kubelet=1.36.3",
			"apt-get -s install -y -o APT::Install-Recommends=false kubelet",
			"dpkg --print-architecture",
			"dpkg-query -W -f ${Package}",
			"journalctl -u kubelet.service -n 10 -o cat --no-pager",
			"needs-restarting -r", "dnf needs-restarting -r", "zypper needs-rebooting", "systemd-inhibit --list",
			"systemctl --version",
			"rpm -qa --queryformat %{NAME}", "rpm -q --queryformat %{NAME} kubelet",
			"dnf --assumeno -C install --disableplugin=versionlock --setopt=install_weak_deps=0 kubelet-1.36.3",
			"dnf -q -C repoquery --showduplicates --queryformat %{name} kubelet",
		} {
			if err := host.CheckReadOnly(strings.Fields(line)); err != nil {
				t.Errorf("%q: got %v, want no error", line, err)
			}
		}
	})

	t.Run("refuses what writes, or could be made to", func(t *testing.T) {
		t.Parallel()
		for _, line := range []string{
			"",
			"sh -c true",
			"apt-get install kubelet",
			"apt-get -s clean",
			"apt-get install -s kubelet",
			"apt-get -s install -o APT::Get::Simulate=false kubelet",
			"apt-get -s install -oDPkg::Pre-Invoke::=reboot kubelet",
			"apt-get -s install -yo APT::Get::Simulate=0 kubelet",
			"apt-get -s install --option=APT::Get::Simulate=0 kubelet",
			"apt-get -s install --no-simulate kubelet",
			"apt-get -s install -s=0 kubelet",
			"apt-get -s install --simulate=0 kubelet",
			"apt-get -s install --just-print=no kubelet",
			"apt-get -s install -c /tmp/apt.conf kubelet",
			"apt-get -s install -o",
			"apt-cache gencaches",
			"rpm -qa --queryformat %{NAME} --eval %(reboot)",
			"rpm -q --queryformat %{NAME} --import x",
			"dnf --assumeno install kubelet",
			"dnf --assumeno -C mark remove kubelet",
			"dnf --assumeno -C install -y kubelet",
			"dnf --assumeno -C install --setopt=assumeno=0 kubelet",
			"dnf -q -C repoquery --setopt=pluginpath=/tmp kubelet",
			"dpkg -i x.deb",
			"dpkg --print-architecture --configure -a",
			"dpkg-query -c kubelet",
			"journalctl -u kubelet --vacuum-time=1s",
			"journalctl -u kubelet -f",
			"journalctl --rotate",
			"systemd-inhibit --what=shutdown reboot", "systemd-inhibit --list --who=x", "needs-restarting -s", "zypper install zypper",
			"/tmp/apt-cache policy",
			"./apt-cache policy",
			"apt-cache",
		} {
			if err := host.CheckReadOnly(strings.Fields(line)); !errors.Is(err, host.ErrNotReadOnly) {
				t.Errorf("%q: got %v, want ErrNotReadOnly", line, err)
			}
		}
	})
}
