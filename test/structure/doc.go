// Package structure holds the repository to its own rules: which package may
// import which, and what each package must say of itself.
package structure
