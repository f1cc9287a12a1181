// Package osrelease reads the file by which a Linux system says what it is.
//
// The format is the one of os-release(5): lines of KEY=value, values bare or
// in single or double quotes with shell escapes, comments, blank lines.
// Vendors bend it, so reading never fails over a line: what can be read is
// kept, and what is odd is reported beside it with its line number. Deciding
// which distribution the fields describe is the business of package distros.
package osrelease
