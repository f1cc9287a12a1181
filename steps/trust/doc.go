// Package trust is the step for certificate authorities that a host trusts beside
// those of its distribution.
//
// Each certificate is a file of its own, hostler-NAME and the suffix, in the folder
// that the distribution has for the administrator's; files of that name that are
// not wished for any more are removed. Then the distribution's command makes the bundles
// anew. One certificate a file, because tools that index the folder skip files
// with several ("openssl rehash" does, openssl/openssl#6199).
//
// Files and command are one op (Change), and no deferred one: a repository of a
// later step may have a certificate by this authority. Taking it back is the same
// op with what was there before, so the bundles follow the files both ways.
//
// The step looks into the bundle as well: somebody may have overwritten it, and
// programs read it and not the files. Certificates that a tool may rightly leave out
// of a bundle of authorities, those that are none or have expired, are not looked
// for; the step warns of them.
//
// In an image only the files are written. The bundle is made by the first run on
// the machine, which finds that it lacks them.
package trust
