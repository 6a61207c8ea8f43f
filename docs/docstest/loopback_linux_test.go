package docstest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

const alone = "LATCHKEY_DOCSTEST_ALONE" // set if the process has its own network

// TestMain runs the tests in their own network, which has a loopback interface and nothing else:
// the ports that the pages name are free there, whatever runs on this machine, and nothing is
// downloaded. If the kernel allows that to root only, the tests run in the machine's network, and
// fail if a port is in use.
func TestMain(m *testing.M) {
	runtime.LockOSThread() // the other process ends with this thread
	if os.Getenv(alone) != "" {
		if err := loopbackUp(); err != nil {
			fmt.Fprintln(os.Stderr, "loopback:", err)
			os.Exit(1)
		}
		os.Exit(m.Run())
	}
	if mayUnshare() {
		again := inNewNetwork(os.Args[1:]...)
		again.Stdin, again.Stdout, again.Stderr = os.Stdin, os.Stdout, os.Stderr
		var failed *exec.ExitError
		switch err := again.Run(); {
		case errors.As(err, &failed):
			os.Exit(failed.ExitCode())
		case err != nil:
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// mayUnshare tries it without running any tests.
func mayUnshare() bool { return inNewNetwork("-test.run=^$").Run() == nil }

// inNewNetwork is this program once more, as the same user, who controls the new network.
func inNewNetwork(args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), alone+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
		cmd.SysProcAttr.AmbientCaps = []uintptr{unix.CAP_NET_ADMIN}
	}
	return cmd
}

// loopbackUp is "ip link set lo up".
func loopbackUp() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request)
}
