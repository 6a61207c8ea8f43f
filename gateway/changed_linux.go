package gateway

import (
	"io/fs"
	"syscall"
)

// changedAt is when a file on disk was last written or moved to its place, in nanoseconds. Unlike
// its modification time, it cannot be set.
func changedAt(info fs.FileInfo) int64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Ctim.Nano()
	}
	return 0
}
