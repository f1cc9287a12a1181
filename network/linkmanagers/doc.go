// Package linkmanagers is the step that has NetworkManager and systemd-networkd leave
// the interfaces, routes and routing rules of network plugins alone.
//
// Left to themselves both take over what they find. NetworkManager makes a connection
// of an interface that appears; Calico and Kubernetes' installers document the same
// cure, unmanaged-devices. systemd-networkd removes, when it starts and when a link
// comes up, routes and rules that are not in its own configuration
// (ManageForeignRoutes=, since systemd 246, and ManageForeignRoutingPolicyRules=, since 249;
// networkd.conf(5)), which cuts pods off after a mere package upgrade. And udev gives virtual
// interfaces a hardware address of its own choice (MACAddressPolicy=persistent in
// 99-default.link), behind the back of the plugin that has just set one; Amazon's
// image for Kubernetes switches that off, for all interfaces. Here it is for those
// of plugins only.
//
// Where a manager is not installed its files are not written.
package linkmanagers
