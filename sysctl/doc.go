// Package sysctl keeps kernel parameters: it knows how keys are written, which
// values the kernel takes for the same, which file of sysctl.d(5) has the last
// word at boot, and it has the step that brings file and running kernel to a Spec.
//
// The values are kept in File, under a name that is read after the files that
// distributions ship (10-, 50-). Some things are still read later, most often
// Debian's 99-sysctl.conf, a link to /etc/sysctl.conf. They are people's, so the
// step does not touch them, and warns where one of them contradicts the Spec.
// What "sysctl --system" of procps would do is not looked at: it reads
// /etc/sysctl.conf last in any case, but nothing runs it at boot.
//
// A key that leaves the Spec leaves the file; the running kernel keeps its value
// until the next boot, because nobody knows any more what it would be without us.
package sysctl
