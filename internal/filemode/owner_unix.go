//go:build unix

package filemode

import (
	"io/fs"
	"os"
	"syscall"
)

func ownerOf(info fs.FileInfo) int { return int(info.Sys().(*syscall.Stat_t).Uid) }

func chownLike(model fs.FileInfo, path string) error {
	of := model.Sys().(*syscall.Stat_t)
	return os.Chown(path, int(of.Uid), int(of.Gid))
}
