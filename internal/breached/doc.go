// Package breached keeps a set of publicly known passwords in a compact file, and reports whether a
// password is in it. It needs no network, and hardly any memory.
//
// The file has binary fuse filters over the first 64 bits of the passwords' SHA-1 hashes: about 2.3
// bytes for each. A password in the set is always found; one in 65,536 of the others is a false
// positive.
//
// # Format
//
// All numbers are little endian.
//
//	header   magic (8 bytes), version (4), bits of the shard's number (4), passwords (8),
//	index    for each shard: seed (8), segment length (4), segments (4),
//	         CRC-32C of its fingerprints (4)
//	         CRC-32C of header and index (4)
//	shards   fingerprints of 16 bits
//
// A hash belongs to the shard whose number is its first bits. A lookup reads one shard, at most
// about 600 KB, and verifies its checksum.
package breached
