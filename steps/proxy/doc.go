// Package proxy is the step for the HTTP proxy of the host's own programs.
//
// There is no one place for it, so it writes several: the default environment of
// systemd, which services get at their next start (read at a daemon-reload since
// systemd 223, systemd/systemd#426); drop-ins of the units that pull images and talk to
// the API server, which are restarted; and the configuration of the package manager.
//
// systemd before about version 241 adds to the environment that it has and takes
// nothing out of it, so there a proxy that is taken away is forgotten by new services
// only after the next boot. The units with drop-ins are not concerned: what they
// have is in the drop-in as well.
//
// apt has drop-ins. dnf, yum and zypper have one file for all, which is edited: a
// few marked lines go in, lines that say something else are commented out, and
// without a proxy both is taken back to the byte. dnf and yum have one proxy and no
// exceptions: a repository inside needs "proxy=_none_" in its own file.
//
// localhost, 127.0.0.1 and ::1 are always reached directly. The API server must be as
// well, by the entries of the wish, and the step warns where it is not.
package proxy
