// Package repository turns the description of a package repository into the
// files that a package manager wants: the source with its pinned key, and the
// names under which the fetched lists are kept. It is pure; writing the files
// is the business of the repositories step.
package repository
