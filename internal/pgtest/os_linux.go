package pgtest

import (
	"os"
	"os/exec"
	"os/user"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// owner is the user who runs the server instead of root, which PostgreSQL refuses. It is nil if we
// are not root.
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

// dieTogether makes the kernel stop the server when this process dies, however that happens. Linux
// ties this to the thread that started the server, so the calling goroutine keeps its thread until
// it ends.
func dieTogether(cmd *exec.Cmd) {
	runtime.LockOSThread()
	cmd.SysProcAttr.Pdeathsig = syscall.SIGINT
}

// children returns the processes that a process has started.
func children(pid int) (pids []int) {
	list, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/task/" + strconv.Itoa(pid) + "/children")
	for word := range strings.FieldsSeq(string(list)) {
		if child, err := strconv.Atoi(word); err == nil {
			pids = append(pids, child)
		}
	}
	return pids
}

// killAll kills processes and waits until none of them is running.
func killAll(pids []int) {
	for _, pid := range pids {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	for _, pid := range pids {
		for late := time.Now().Add(patience); running(pid) && time.Now().Before(late); {
			time.Sleep(time.Millisecond)
		}
	}
}

// running reports whether a process exists and is not a zombie.
func running(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z") && !strings.HasPrefix(state, "X")
}
