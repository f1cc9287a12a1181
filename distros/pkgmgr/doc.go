// Package pkgmgr installs, removes and holds packages, and fetches the lists of
// repositories, as ops that can be taken back exactly.
//
// Reading costs little: which packages are installed and held is in files, so
// a plan of a converged host starts no process. What the repositories offer,
// and what an installation drags in, is asked of the package manager itself,
// only when something is missing.
//
// Undo is exact. Before an op runs it asks for a simulation, and the inverse
// names each package that the op is going to touch with its version, its hold
// and its mark as automatically installed. Old archives are kept, so that going
// back needs no network where the host had them.
//
// Locks are waited for here and not by the package manager, so that the holder
// can be named while hostler waits and when it gives up. An interrupted dpkg is
// repaired before anything else is done.
package pkgmgr
