//go:build !linux

package gateway

import "io/fs"

// changedAt is unknown on this system.
func changedAt(fs.FileInfo) int64 { return 0 }
