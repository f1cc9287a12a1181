// Package agent turns a revision into steps for one machine. It is the only
// place where the API's types meet the steps' own: each step package owns its
// input type and knows no API version, and the functions here convert.
//
// Catalog is the table of contents: the order of its list is the order in which
// a machine is built.
package agent
