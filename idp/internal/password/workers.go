package password

import (
	"errors"
	"log/slog"
	"sync/atomic"

	"github.com/latchkey-dev/latchkey/idp/internal/worker"
)

// title is what lists of processes show of a worker.
const title = "latchkey-hasher"

// runnable is whether the program can be started as a worker.
var runnable atomic.Bool

// RunWorker is for the beginning of a program's main function. In a worker process it never
// returns. In all others it notes that the program can be one.
func RunWorker() {
	worker.Main(title, serve)
	runnable.Store(true)
}

// WorkersSupported reports whether this system has workers.
const WorkersSupported = worker.Supported

// Runnable reports whether [RunWorker] was called.
func Runnable() bool { return runnable.Load() }

// serve is what a worker does with a request.
func serve(message []byte) ([]byte, error) {
	r, err := parseRequest(message)
	if err != nil {
		return nil, err
	}
	if r.stored == "" {
		return answer{hash: inProcess{}.hash(r.password, r.cost)}.bytes(), nil
	}
	ok, err := inProcess{}.matches(r.stored, r.password)
	if err != nil {
		return answer{err: err.Error()}.bytes(), nil
	}
	return answer{matches: ok}.bytes(), nil
}

// workers computes in processes of their own, and in this one if they fail.
type workers struct {
	pool    *worker.Pool
	log     *slog.Logger
	here    atomic.Int64 // how many were computed in this process
	failing atomic.Bool
}

func (w *workers) hash(password string, p Params) string {
	a, err := w.ask(request{cost: p, password: password})
	if err != nil {
		return inProcess{}.hash(password, p)
	}
	return a.hash
}

func (w *workers) matches(stored, password string) (bool, error) {
	a, err := w.ask(request{stored: stored, password: password})
	switch {
	case err != nil:
		return inProcess{}.matches(stored, password)
	case a.err != "":
		return false, errors.New(a.err)
	}
	return a.matches, nil
}

// ask returns an error if the answer must be computed here. The log has the first of them, and the
// end of the failure.
func (w *workers) ask(r request) (answer, error) {
	reply, err := w.pool.Ask(r.bytes())
	var a answer
	if err == nil {
		a, err = parseAnswer(reply)
	}
	if err == nil && (a.hash == "") != (r.stored != "") {
		err = errAnswer
	}
	switch {
	case err != nil:
		w.here.Add(1)
		if !w.failing.Swap(true) {
			w.log.Warn("hash worker failed: passwords are hashed in this process until another can be started", "error", err)
		}
	case w.failing.Swap(false):
		w.log.Info("passwords are hashed in worker processes again", "hashed_in_this_process", w.here.Load())
	}
	return a, err
}

func (w *workers) close() {
	w.pool.Close()
	if w.failing.Load() {
		w.log.Info("passwords were hashed in this process", "hashed_in_this_process", w.here.Load())
	}
}
