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
// What an installation needs can be fetched ahead, before the node is disrupted:
// Prefetch works with a private configuration of apt, in which the repositories
// are described as the earlier ops of the plan are going to describe them. The
// archives go to apt's own cache, the lists are kept beside apt's until the
// refresh of the plan takes them, and the archives of what is replaced are put
// aside while their repository is still there.
//
// The scripts of a package start its services, unless the op names them (NoStart): a
// step that configures a service starts it itself, when all is written. On Debian a
// policy-rc.d forbids it for the time of the transaction.
//
// Locks are waited for here and not by the package manager, so that the holder
// can be named while hostler waits and when it gives up. An interrupted dpkg is
// repaired before anything else is done.
package pkgmgr
