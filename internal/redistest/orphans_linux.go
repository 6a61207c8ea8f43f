package redistest

import (
	"os/exec"
	"runtime"
	"syscall"
)

// dieTogether makes the kernel kill the server when this process dies, however that happens. Linux
// ties this to the thread that started the server, so the calling goroutine keeps its thread until
// it ends.
func dieTogether(cmd *exec.Cmd) {
	runtime.LockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
