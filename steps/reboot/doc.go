// Package reboot is the step that finds out whether the machine must be restarted for what was updated to be used, and
// the op that restarts it.
//
// A machine says so in several ways, and no distribution in all of them: by a file that packages leave (Debian's
// /run/reboot-required), by a command (needs-restarting of yum and dnf, zypper needs-rebooting), by a kernel that is
// installed, newer than the one that runs, and like it otherwise, and by a first process that runs from files which were
// replaced.
//
// The restart is the last op of its run. The process that asks for it ends in it; in the next boot the run goes on, the
// boot id proves the restart, and the host is verified. A reason that a restart did not do away with, such as
// a boot loader that keeps an old kernel, is noted and not tried again in that boot: a warning tells of it.
package reboot
