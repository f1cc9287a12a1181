// Package op is the closed set of edits that hostler makes on a host: files,
// directories, links, sysctls, attributes below /sys, kernel modules, swap and systemd units. (Package
// edits are in distros/pkgmgr, beside what they know of package managers.)
//
// Every op is a plain struct. What a person sees of it is worked out when it is
// planned and travels with it, so that plan, journal and log show the same
// text. The Plan functions compare a host with a wish and return the op that is
// missing, or none; steps are written with them.
package op
