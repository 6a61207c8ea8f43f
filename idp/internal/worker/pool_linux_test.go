package worker

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestPool_oneWorkerForEachRequestAtATime(t *testing.T) {
	p := newPool(t)
	one := p.mustAsk(t, "pid")
	if two := p.mustAsk(t, "pid"); two != one || one == strconv.Itoa(os.Getpid()) {
		t.Errorf("process %s answers, then %s; this is %d", one, two, os.Getpid())
	}
	first, err := p.take()
	if err != nil {
		t.Fatal(err)
	}
	if other := p.mustAsk(t, "pid"); other == one {
		t.Error("a worker has two requests at the same time")
	}
	p.put(first)
	if again := p.mustAsk(t, "pid"); again != one {
		t.Error("not the worker that was used last, whose memory is warm")
	}
}

// A worker that dies, in the middle of a request or between two, is replaced at once.
func TestPool_replacesTheDead(t *testing.T) {
	p := newPool(t)
	for range 5 {
		pid, err := strconv.Atoi(p.mustAsk(t, "pid"))
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Ask([]byte("pid")); err == nil || !strings.Contains(err.Error(), "signal: killed") {
			t.Errorf("of a worker that was killed: %v", err)
		}
		p.mustAsk(t, "pid")
		if answer, err := p.Ask([]byte("die")); err == nil {
			t.Errorf("of a worker that dies: %q", answer)
		}
		p.mustAsk(t, "pid")
		if answer, err := p.Ask([]byte("fail")); err == nil || !strings.Contains(err.Error(), "exit status 1") {
			t.Errorf("of a worker that fails: %q, %v", answer, err)
		}
	}
}

func TestPool_killsWhatHangs(t *testing.T) {
	p := newPool(t)
	pid := p.mustAsk(t, "pid")
	p.limit = time.Millisecond
	if answer, err := p.Ask([]byte("spin")); err == nil {
		t.Errorf("answer %q", answer)
	}
	p.limit = patience
	if p.mustAsk(t, "pid") == pid {
		t.Error("the worker that hung is used again")
	}
}

// If workers cannot be started, attempts become rare.
func TestPool_pauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPool(testTitle, "/nonexistent")
		tried := func() bool {
			_, err := p.Ask([]byte("pid"))
			if err == nil {
				t.Fatal("it is answered by nobody")
			}
			return !errors.Is(err, errPaused)
		}
		for range 2 {
			if !tried() {
				t.Error("one failure makes a pause")
			}
		}
		for _, pause := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
			time.Sleep(pause*time.Second - time.Nanosecond)
			if tried() {
				t.Errorf("it is tried before %d s have passed", pause)
			}
			time.Sleep(time.Nanosecond)
			if !tried() {
				t.Errorf("it is not tried after %d s", pause)
			}
		}
		time.Sleep(time.Minute)
		p.file = ThisProgram
		p.mustAsk(t, "pid")
		p.Close()
		if _, err := p.Ask([]byte("pid")); !errors.Is(err, errClosed) {
			t.Errorf("after Close: %v", err)
		}
		if p.failures != 0 {
			t.Errorf("%d failures after an answer", p.failures)
		}
	})
}

// A program that is no worker is not taken for one.
func TestPool_otherPrograms(t *testing.T) {
	for _, file := range []string{"/bin/true", "/bin/echo"} {
		p := NewPool(testTitle, file)
		if answer, err := p.Ask([]byte("pid")); err == nil {
			t.Errorf("%s answers %q", file, answer)
		}
		p.Close()
	}
}

// A worker that an answer of more than a frame breaks off is replaced like any other.
func TestPool_tooLong(t *testing.T) {
	p := newPool(t)
	if _, err := p.Ask(make([]byte, 1<<16)); !errors.Is(err, errFrameTooLong) {
		t.Errorf("error %v", err)
	}
	if longest := strings.Repeat("x", 1<<16-1); p.mustAsk(t, longest) != longest {
		t.Error("the longest request comes back as another")
	}
}
