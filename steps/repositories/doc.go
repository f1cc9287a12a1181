// Package repositories describes package repositories to the host's package
// manager, each with the key that signs it, and fetches their lists.
//
// A repository is in order when its source and its key are as wished and its
// lists have been fetched. Where rpm checks signatures it must trust the key, too:
// that is an op of its own, so that undo takes the trust back. Only the lists of a
// repository that is not in order are fetched; keeping them fresh is left to whoever
// needs a version that they do not have.
package repositories
