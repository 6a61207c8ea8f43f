package worker

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// A process is the parent's end of a worker.
type process struct {
	cmd      *exec.Cmd
	requests io.Writer
	answers  io.Reader
	answered bool // at least once
}

// patience is how long a worker may take to start, or to answer. The most expensive hash takes a
// few seconds.
const patience = 10 * time.Second

// start starts the program in a file as a worker, and waits until it says that it is ready.
func start(file, title string) (*process, error) {
	p := &process{cmd: &exec.Cmd{
		Path: file, Args: []string{title}, Env: []string{"GOMAXPROCS=1"}, Dir: "/",
		Stderr: os.Stderr, // for the report of a crash
	}}
	if err := atLowPriority(p.begin); err != nil {
		return nil, fmt.Errorf("start worker: %w", err)
	}
	said, err := p.read(patience)
	if err == nil && string(said) != title {
		err = errors.New("the program does something else first: main must begin with idp.RunHashWorker")
	}
	if err != nil {
		return nil, fmt.Errorf("start worker: %w; %s", err, p.end())
	}
	return p, nil
}

func (p *process) begin() (err error) {
	if p.requests, err = p.cmd.StdinPipe(); err != nil {
		return err
	}
	if p.answers, err = p.cmd.StdoutPipe(); err != nil {
		return err
	}
	return p.cmd.Start()
}

// ask sends a request and returns its answer. After an error the process is of no further use.
func (p *process) ask(request []byte, limit time.Duration) ([]byte, error) {
	if err := writeFrame(p.requests, request); err != nil {
		return nil, err
	}
	answer, err := p.read(limit)
	p.answered = p.answered || err == nil
	return answer, err
}

// read returns the next frame. A worker that takes longer is killed, which ends its output.
func (p *process) read(limit time.Duration) ([]byte, error) {
	late := time.AfterFunc(limit, func() { p.cmd.Process.Kill() })
	defer late.Stop()
	return readFrame(p.answers)
}

// end kills the process, which has nothing to lose, and says how it ended.
func (p *process) end() string {
	p.cmd.Process.Kill()
	p.cmd.Wait() // its error is the state
	return p.cmd.ProcessState.String()
}
