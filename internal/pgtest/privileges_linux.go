package pgtest

import (
	"os"
	"os/exec"
	"os/user"
	"runtime"
	"strconv"
	"syscall"
)

// owner is who runs the server instead of root, which PostgreSQL refuses. It is nil where we are not root.
func owner() *syscall.Credential {
	if os.Getuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			continue
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			continue
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	return nil
}

func giveAway(paths ...string) error {
	if to := owner(); to != nil {
		for _, path := range paths {
			if err := os.Chown(path, int(to.Uid), int(to.Gid)); err != nil {
				return err
			}
		}
	}
	return nil
}

func dropPrivileges(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Credential: owner()} }

// dieTogether has the server stopped when this process dies, however it does. Linux means the thread that started it, so the calling goroutine keeps its own until it ends.
func dieTogether(cmd *exec.Cmd) {
	runtime.LockOSThread()
	cmd.SysProcAttr.Pdeathsig = syscall.SIGINT
}
