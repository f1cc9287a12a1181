// Package input reads the files that people write. It is strict: a field that does not exist, a value of the wrong
// type, a value that validation refuses are all errors, all of them are reported at once, and each one names file, line,
// column and path. What comes out has its defaults and is valid.
//
// It walks the YAML nodes beside the Go types instead of decoding by a library, because only the nodes know where in the
// file a value stands. JSON is read as the YAML that it is. Anchors and aliases work, within a bound; merge keys and tags
// do not.
package input
