// Package users is the step for accounts that a NodeGroup names: that they exist, their
// groups, shell and SSH keys. An account that leaves the NodeGroup stays, as files do
// in package files.
//
// Accounts are made and changed by useradd and usermod, which know the distribution's
// ranges of numbers, its skeleton of a home and its subordinate ids. They are taken
// back by editing lines, not by userdel: that would not give the files back to the
// byte, and a file restored as a whole would take along what others did to it since.
// Only the tools' own backups (/etc/passwd- and the like) come back whole.
//
// A home that was made goes with its account as far as it holds what came from
// /etc/skel; what somebody put there stays.
//
// Accounts get no password: "*" instead of the "!" of a locked account, because sshd
// without PAM refuses those even with a key (LOCKED_PASSWD_PREFIX in OpenSSH). Of root
// only the keys are managed.
package users
