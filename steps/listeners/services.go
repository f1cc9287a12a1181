package listeners

import (
	"context"

	"github.com/hostler-dev/hostler/steps/host"
)

// service is a network service that a Kubernetes node has no use for.
type service struct {
	// units are stopped in this order: sockets and paths first, because they would
	// start the service again.
	units []string
	// why says what it is and why a node does without.
	why string
	// needed returns why this host needs it all the same, or nothing.
	needed func(ctx context.Context, v host.View) (string, error)
}

// services are on the list only where no node needs them: what depends on the
// cluster, such as a mail server or an NFS server, stays. All of them are among
// the services that the CIS benchmarks for Debian and RHEL have removed
// (sections "Configure Server Services" and "Configure Client Services").
var services = []service{
	{[]string{"rpcbind.socket", "rpcbind.service"}, "rpcbind listens on port 111 of all addresses for NFS 2 and 3, which NFS 4 does without", neededByNFS},
	{[]string{"avahi-daemon.socket", "avahi-daemon.service"}, "Avahi announces the machine and answers multicast DNS on port 5353", nil},
	{[]string{"cups.socket", "cups.path", "cups-browsed.service", "cups.service"}, "CUPS is a print server, on port 631", nil},
	{[]string{"cups-lpd.socket"}, "CUPS takes print jobs of the old LPD protocol on port 515", nil},
	{[]string{"telnet.socket"}, "telnet logs people in without encryption", nil},
	{[]string{"rsh.socket"}, "rsh runs commands without encryption", nil},
	{[]string{"rlogin.socket"}, "rlogin logs people in without encryption", nil},
	{[]string{"rexec.socket"}, "rexec runs commands without encryption", nil},
	{[]string{"tftp.socket"}, "TFTP hands out files without asking who wants them", nil},
}
