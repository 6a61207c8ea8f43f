package redistest

import (
	"os/exec"
	"runtime"
	"syscall"
)

// dieTogether has the server killed when this process dies, however it does. Linux means the thread that started it, so the calling goroutine keeps its own until it ends.
func dieTogether(cmd *exec.Cmd) {
	runtime.LockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
