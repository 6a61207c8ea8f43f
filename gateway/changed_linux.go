package gateway

import (
	"io/fs"
	"syscall"
)

// changedAt is when a file on disk was last written to or put in its place, in nanoseconds. Unlike its
// time of modification, nobody can set it.
func changedAt(info fs.FileInfo) int64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Ctim.Nano()
	}
	return 0
}
