package gateway

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
)

type crasher struct{}

func (crasher) Read([]byte) (int, error)  { panic("hunter2") }
func (crasher) Write([]byte) (int, error) { panic("hunter2") }
func (crasher) Close() error              { return nil }

// A panic outside of a request's own goroutine does not end the process: it becomes an error, and
// is logged.
func TestGoroutinesSurvive(t *testing.T) {
	for name, run := range map[string]func(log *slog.Logger) error{
		"from the app": func(log *slog.Logger) error { _, err := (&quiet{crasher{}, log}).WriteTo(io.Discard); return err },
		"to the app": func(log *slog.Logger) error {
			_, err := (&quiet{crasher{}, log}).ReadFrom(strings.NewReader("x"))
			return err
		},
		"to the client": func(log *slog.Logger) error {
			_, err := (&quiet{nopCloser{&bytes.Buffer{}}, log}).ReadFrom(crasher{})
			return err
		},
		"a body": func(log *slog.Logger) error {
			body := &pacedBody{ReadCloser: crasher{}, control: http.NewResponseController(httptest.NewRecorder()), log: log}
			_, err := body.Read(make([]byte, 1))
			return errors.Join(err, body.failure())
		},
		"a flush": func(log *slog.Logger) error {
			a := &answer{w: httptest.NewRecorder(), header: make(http.Header), log: log} // control is nil
			return a.FlushError()
		},
	} {
		var log bytes.Buffer
		if err := run(slog.New(slog.NewTextHandler(&log, nil))); err == nil || err == io.EOF {
			t.Errorf("%s: %v", name, err)
		}
		if said := log.String(); strings.Count(said, "level=ERROR") != 1 || strings.Contains(said, "hunter2") {
			t.Errorf("%s: the log says %s", name, said)
		}
	}
}

type nopCloser struct{ io.ReadWriter }

func (nopCloser) Close() error { return nil }

// If the look-up of sessions panics, streams continue for a minute, and the panic is logged once in
// that time.
func TestLookUpSurvives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := newStreams(latchkey.Config{}, slog.New(slog.NewTextHandler(&log, nil)))
		cut := make(chan time.Time, 1)
		defer s.hold(&exchange{began: time.Now(), session: &latchkey.Session{ID: latchkey.ID{1}}, cancel: func() {
			select {
			case cut <- time.Now():
			default:
			}
		}})()
		s.watch(func(context.Context, latchkey.ID) (latchkey.EndReason, error) { panic("hunter2") })
		began := time.Now()
		if after := (<-cut).Sub(began); after < unknownFor || after > unknownFor+2*recheck {
			t.Errorf("cut after %v", after)
		}
		s.stop()
		if said := log.String(); strings.Count(said, "level=ERROR") > 2 || strings.Count(said, "level=ERROR") < 1 {
			t.Errorf("the log says %s", said)
		}
	})
}
