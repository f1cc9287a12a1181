// Package firewall is the step that switches the distribution's firewall off:
// firewalld or ufw, stopped and masked.
//
// Rules that somebody loads by other means (nftables.service, iptables-services) are
// not touched: nobody knows here what else they are for.
//
// Switching off is not free. A firewall that goes takes rules along, and with some of
// them those of kube-proxy, the network plugin and Docker. kube-proxy writes its own
// again within its sync period (30 s by default); the others may not before they
// are restarted. Such a stop costs a drain:
//
//   - firewalld with the iptables backend flushes all of iptables when it stops
//     (moby/moby#28476), and with the nftables backend still when it has direct
//     rules (firewalld/firewalld#863); CleanupOnExit=no keeps it from both.
//   - ufw removes only its own chains, unless /etc/default/ufw says
//     MANAGE_BUILTINS=yes, which the file itself warns breaks the rules of others.
//
// ufw needs more than its unit: the unit counts as active whether rules are loaded or
// not, and stopping it does nothing once /etc/ufw/ufw.conf says ENABLED=no, which is the
// one place that tells the truth. "ufw disable" unloads the rules and writes that line.
package firewall
