package worker

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// A Pool has as many workers as there were requests at the same time. It starts them when they are
// needed, and replaces those that die.
type Pool struct {
	title, file string
	limit       time.Duration // for an answer

	mu       sync.Mutex
	idle     []*process // the last one was used last
	closed   bool
	failures int // in a row
	pause    time.Time
}

// NewPool starts nothing yet. The title is what [Main] gets, and what lists of processes show. The
// file is the program to start, usually [ThisProgram].
func NewPool(title, file string) *Pool {
	return &Pool{title: title, file: file, limit: patience}
}

var (
	errPaused = errors.New("worker: none could be started: trying again within a minute")
	errClosed = errors.New("worker: the pool is closed")
)

const longestPause = time.Minute

// Ask has a worker answer. If it dies, or takes longer than 10 seconds, that is an error, and the
// next request has another worker. A request or answer has at most 65535 bytes.
func (p *Pool) Ask(request []byte) ([]byte, error) {
	worker, err := p.take()
	if err != nil {
		return nil, err
	}
	answer, err := worker.ask(request, p.limit)
	if err != nil {
		p.failed(worker.answered)
		return nil, fmt.Errorf("ask worker: %w; %s", err, worker.end())
	}
	p.put(worker)
	return answer, nil
}

// take returns the worker that was used last, or a new one.
func (p *Pool) take() (*process, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		defer p.mu.Unlock()
		last := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return last, nil
	}
	closed, paused := p.closed, time.Now().Before(p.pause)
	p.mu.Unlock()
	switch {
	case closed:
		return nil, errClosed
	case paused:
		return nil, errPaused
	}
	worker, err := start(p.file, p.title)
	if err != nil {
		p.failed(false)
		return nil, err
	}
	return worker, nil
}

// put keeps a worker that has answered.
func (p *Pool) put(worker *process) {
	p.mu.Lock()
	p.failures = 0
	closed := p.closed
	if !closed {
		p.idle = append(p.idle, worker)
	}
	p.mu.Unlock()
	if closed {
		worker.end()
	}
}

// failed makes a pause before the next start, unless the worker that died had been of use. The
// second failure in a row begins with one second, and each more doubles it.
func (p *Pool) failed(answered bool) {
	if answered {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failures++
	if p.failures > 1 {
		p.pause = time.Now().Add(min(time.Second<<min(p.failures-2, 10), longestPause))
	}
}

// Close ends the workers. Requests after it fail.
func (p *Pool) Close() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.closed = nil, true
	p.mu.Unlock()
	for _, worker := range idle {
		worker.end()
	}
}
