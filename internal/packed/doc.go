// Package packed reads and writes the bytes of the stored formats.
//
// A format of version 1 is its fields in a fixed order, one after the other (ordered.go). It cannot
// grow.
//
// A format of version 2 is a list of tagged fields (tagged.go), and grows by new tags. A program
// keeps the fields whose tags it does not know, and writes them back. It must not act on the others
// if one of those tags is even.
package packed
