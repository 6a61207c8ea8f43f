package worker

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// describe says what this process has, a fact a line.
func describe() string {
	var facts []string
	add := func(format string, a ...any) { facts = append(facts, fmt.Sprintf(format, a...)) }
	for fd := range 1024 {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		var stat unix.Stat_t
		if err != nil || unix.Fstat(fd, &stat) != nil {
			continue
		}
		if inherited := flags&unix.FD_CLOEXEC == 0; inherited || stat.Mode&unix.S_IFMT == unix.S_IFSOCK {
			add("fd %d", fd)
		}
	}
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	add("dumpable %d %v", dumpable, err)
	var core unix.Rlimit
	err = unix.Getrlimit(unix.RLIMIT_CORE, &core)
	add("core %d %d %v", core.Cur, core.Max, err)
	add("arguments %q", os.Args)
	add("environment %q", os.Environ())
	add("processors %d", runtime.GOMAXPROCS(0))
	directory, err := os.Getwd()
	add("directory %s %v", directory, err)
	tasks, _ := filepath.Glob("/proc/self/task/*")
	for _, task := range tasks {
		var id int
		fmt.Sscanf(filepath.Base(task), "%d", &id)
		if priority, err := unix.Getpriority(unix.PRIO_PROCESS, id); err == nil {
			add("nice %d", 20-priority)
		}
	}
	return strings.Join(slices.Compact(facts), "\n")
}

// A worker has no socket and no file of its parent, whatever that has left open, and nothing in its
// memory gets into a core file.
func TestWorker_isConfined(t *testing.T) {
	t.Setenv("SECRET", "of the parent")
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0) // without FD_CLOEXEC
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(socket)
	file, err := syscall.Open(os.Args[0], syscall.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(file)
	priority, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"fd 0", "fd 1", "fd 2", "dumpable 0 <nil>", "core 0 0 <nil>", `arguments ["` + testTitle + `"]`, `environment ["GOMAXPROCS=1"]`,
		"processors 1", "directory / <nil>", fmt.Sprintf("nice %d", min(20-priority+lower, 19)),
	}, "\n")
	if got := newPool(t).mustAsk(t, "describe"); got != want {
		t.Errorf("a worker has\n%s\nwant\n%s", got, want)
	}
	if after, err := unix.Getpriority(unix.PRIO_PROCESS, 0); err != nil || after != priority {
		t.Errorf("this thread's priority was %d, and is %d, %v", priority, after, err)
	}
}

// startRole starts this program from a file, in a role. What it writes to standard error comes out
// of stderr, which ends when it and all of its workers have.
func startRole(t *testing.T, file, name string) (cmd *exec.Cmd, in io.Writer, out *bufio.Reader, stderr io.Reader) {
	t.Helper()
	stderr, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	cmd = exec.Command(file)
	cmd.Env, cmd.Stderr = append(os.Environ(), role+"="+name), theirs
	in, err = cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd, in, bufio.NewReader(pipe), stderr
}

// A worker ends with its parent, however that ends, and even in the middle of an answer.
func TestWorker_endsWithItsParent(t *testing.T) {
	for _, last := range []string{"pid\n", "pid\nspin\n"} {
		cmd, in, out, stderr := startRole(t, ThisProgram, "parent")
		io.WriteString(in, last)
		for line := ""; line != "waiting\n"; {
			var err error
			if line, err = out.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
		cmd.Process.Kill()
		if text, err := io.ReadAll(stderr); err != nil || len(text) > 0 { // ends when nobody is left
			t.Errorf("%q, %v", text, err)
		}
	}
}

// The signals that stop a server also reach its workers. They go on until the server has ended.
func TestWorker_ignoresWhatStopsServers(t *testing.T) {
	p := newPool(t)
	var pid int
	fmt.Sscan(p.mustAsk(t, "pid"), &pid)
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if err := syscall.Kill(pid, signal); err != nil {
			t.Fatal(err)
		}
		if again := p.mustAsk(t, "pid"); again != fmt.Sprint(pid) {
			t.Errorf("%v ended it", signal)
		}
	}
}

// The worker is the program that runs, not the file that has its name now.
func TestWorker_fileReplaced(t *testing.T) {
	program, err := os.ReadFile(ThisProgram)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, program, 0o755); err != nil {
		t.Fatal(err)
	}
	_, in, out, _ := startRole(t, path, "parent")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/false\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	io.WriteString(in, "hello\n")
	if line, err := out.ReadString('\n'); err != nil || line != "hello <nil>\n" {
		t.Errorf("%q, %v", line, err)
	}
}

// A program does not become a worker by its name alone.
func TestWorker_nobodyGetsThereByAccident(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		pipe bool
	}{
		{"another name", []string{"program"}, true}, {"an argument", []string{testTitle, "x"}, true}, {"no pipes", []string{testTitle}, false},
	} {
		cmd := exec.Command(ThisProgram)
		cmd.Args, cmd.Env = c.args, append(os.Environ(), role+"=program")
		if c.pipe {
			if _, err := cmd.StdinPipe(); err != nil {
				t.Fatal(err)
			}
		}
		if said, err := cmd.Output(); err != nil || string(said) != "a program\n" {
			t.Errorf("%s: %q, %v", c.name, said, err)
		}
	}
}
