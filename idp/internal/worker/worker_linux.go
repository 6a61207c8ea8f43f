package worker

import (
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// Supported reports whether this system has workers.
const Supported = true

// ThisProgram is the running program itself: the file that it was started from may be a newer one
// by now, or gone.
const ThisProgram = "/proc/self/exe"

// lower is how much is added to the parent's nice value: a waking request takes the processor from
// a worker at once, and a worker still gets a fair part of processors that are busy with requests.
const lower = 5

// atLowPriority has a process started at a lower priority, which the kernel keeps for each thread:
// the process begins with that of the thread that starts it, and so do all of its own threads.
// Without privileges the thread cannot get its old priority back, so it ends with its goroutine.
func atLowPriority(start func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := lowerThread()
		if err == nil {
			err = start()
		}
		done <- err
	}()
	return <-done
}

func lowerThread() error {
	priority, err := unix.Getpriority(unix.PRIO_PROCESS, 0) // the kernel returns 20 - nice
	if err != nil {
		return fmt.Errorf("getpriority: %w", err)
	}
	if err := unix.Setpriority(unix.PRIO_PROCESS, 0, min(20-priority+lower, 19)); err != nil {
		return fmt.Errorf("setpriority: %w", err)
	}
	return nil
}

// confine takes from this process what a worker does not need. It must run before the first
// request.
func confine(title string) error {
	os.WriteFile("/proc/self/comm", []byte(title), 0) // instead of "exe"; for people only
	if err := closeInherited(); err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("setrlimit: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("prctl: %w", err)
	}
	return nil
}

// input is standard input, read by the runtime's poller. A thread that waits for a blocking read
// holds the only processor that this process may use, until the runtime takes it away, which may
// take 10 ms. Without the poller the worker is that much slower, and works.
func input() *os.File {
	unix.SetNonblock(0, true)
	return os.NewFile(0, "stdin")
}

// closeInherited closes what came from the parent, except for standard input, output and error.
// That is what has no FD_CLOEXEC, or it would not have outlived the start of this program. What
// this program has opened itself has it.
func closeInherited() error {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		fd, err := strconv.Atoi(entry.Name())
		if err != nil || fd <= 2 {
			continue
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err == nil && flags&unix.FD_CLOEXEC == 0 {
			unix.Close(fd)
		}
	}
	return nil
}
