// Package worker computes in processes of their own: the running program, started once more, which
// answers requests from its standard input and does nothing else.
//
// What computes for milliseconds delays every other goroutine of its process, because the scheduler
// of Go moves it between the processors. A process of its own stays out of the way, and has a lower
// priority.
//
// A worker has two pipes to its parent, the parent's standard error, and no other file. It has no
// arguments and no environment but GOMAXPROCS, leaves no core file, and cannot be debugged by
// processes of the same user. It ends with its parent: then its input ends.
//
// There are workers on Linux only. Elsewhere [Supported] is false.
package worker

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

// Main is for the beginning of a program's main function. In a process that a [Pool] of this title
// has started it serves and never returns. In all others it returns at once.
//
// An error from answer ends the worker.
func Main(title string, answer func(request []byte) ([]byte, error)) {
	if isWorker(title) {
		os.Exit(run(title, answer))
	}
}

// isWorker reports whether this process was started by [Pool]. Nobody gets here by accident: a
// command has another name, and a shell gives it a terminal or a file.
func isWorker(title string) bool {
	return Supported && len(os.Args) == 1 && os.Args[0] == title && isPipe(os.Stdin) && isPipe(os.Stdout)
}

func isPipe(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeNamedPipe != 0
}

// run is the life of a worker. It returns the exit status.
func run(title string, answer func([]byte) ([]byte, error)) int {
	// Terminals and service managers send these to the parent's whole group. The parent still needs
	// its workers while it stops.
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	err := confine(title)
	if err == nil {
		err = serve(input(), os.Stdout, title, answer)
	}
	if err != nil {
		os.Stderr.WriteString(title + ": " + err.Error() + "\n")
		return 1
	}
	return 0
}

// serve says that it is ready, and answers one request after the other. It returns when the input
// ends, also while a request is being answered.
func serve(in io.Reader, out io.Writer, title string, answer func([]byte) ([]byte, error)) error {
	if err := writeFrame(out, []byte(title)); err != nil {
		return err
	}
	requests := make(chan []byte)
	ended := make(chan error, 2)
	go func() { ended <- readAll(in, requests) }()
	go func() { ended <- answerAll(requests, out, answer) }()
	return <-ended
}

func readAll(in io.Reader, requests chan<- []byte) error {
	for {
		request, err := readFrame(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		requests <- request
	}
}

func answerAll(requests <-chan []byte, out io.Writer, answer func([]byte) ([]byte, error)) error {
	for request := range requests {
		a, err := answer(request)
		if err != nil {
			return err
		}
		if err := writeFrame(out, a); err != nil {
			return err
		}
		runtime.GC() // the next request takes the memory of this one
	}
	return nil
}
