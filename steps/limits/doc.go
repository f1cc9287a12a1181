// Package limits is the step for resource limits, of people's sessions and of
// services.
//
// A session gets them from pam_limits, which reads /etc/security/limits.d; a service
// from systemd, which never reads that, so the same limits are written as
// defaults of the system manager and of users' managers. A unit that sets a
// limit by itself keeps its own, as the packaged containerd.service does.
//
// The two count differently. limits.conf(5) counts core, fsize, memlock and stack in
// KiB, systemd in bytes (systemd-system.conf(5), "DefaultLimitCPU=" and following: as in
// systemd.exec(5)). The wish is in the units of limits.conf.
//
// systemd reads its defaults at a daemon-reload since version 223
// (systemd/systemd#426). A service that runs keeps the limits that it started with;
// nothing is restarted for them. Defaults that are taken away may stay in an older
// systemd's memory until the machine restarts: it did not reset what it had
// read (systemd/systemd#9263).
//
// An unlimited number of open files is written as a number for sessions. The kernel
// refuses more than fs.nr_open, and pam_limits of before 2021 then refused the login
// (linux-pam/linux-pam#353).
package limits
