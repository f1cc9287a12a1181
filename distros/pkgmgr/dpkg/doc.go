// Package dpkg reads dpkg's own files and understands its versions, without
// running it: the status file says which packages are installed, held or half
// done, and the order of versions is the one of deb-version(7).
package dpkg
