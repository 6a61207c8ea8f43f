package idp

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// lockedBuffer is a log that goroutines share.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// What crashes in a goroutine of the provider ends that one thing, is logged with its stack, and is
// tried again where it would have been.
func TestPanicsBehindAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lockedBuffer
		var sent, mails atomic.Int64
		s, err := Open(t.Context(), Config{
			Secret: Secret{1}, Logger: slog.New(slog.NewTextHandler(&log, nil)),
			WebhookTransport: transport(func(r *http.Request) (*http.Response, error) {
				if sent.Add(1) < 3 {
					panic("a transport that crashes")
				}
				return httptest.NewRecorder().Result(), nil
			}),
			SendMail: func(context.Context, Mail) error {
				mails.Add(1)
				panic("a mailer that crashes")
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		h, err := webhookJSON{URL: "https://a.test", Global: true, EventsEnabled: map[string]bool{"user.create": true}}.stored("")
		if err != nil {
			t.Fatal(err)
		}
		h.ID = "00000000-0000-4000-8000-000000000001"
		if err := s.db.Write(t.Context(), h.Insert); err != nil {
			t.Fatal(err)
		}
		u, err := s.CreateUser(t.Context(), NewUser{Email: "ada@example.com", Password: "correct horse " + strings.Repeat("b", 10)})
		if err != nil {
			t.Fatal(err)
		}
		s.mails.send(t.Context(), letterOf(&u, application{}, "verify-email", "x"))
		time.Sleep(time.Hour)
		if sent.Load() != 3 || mails.Load() != 1 || s.mails.waiting.Load() != 0 {
			t.Errorf("%d events, %d mails, %d of them under way", sent.Load(), mails.Load(), s.mails.waiting.Load())
		}
		if text := log.String(); !strings.Contains(text, "crash_test.go") || strings.Contains(text, "that crashes") {
			t.Errorf("the log has no stack, or what the panic said:\n%s", text)
		}
	})
}

// What crashes while a request is answered is a 500 with its stack in the log.
func TestPanicInAnAnswer(t *testing.T) {
	var log lockedBuffer
	s := &Server{log: slog.New(slog.NewTextHandler(&log, nil))}
	w := httptest.NewRecorder()
	s.guarded(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("hunter2") })).ServeHTTP(w, httptest.NewRequest("GET", "/x", nil))
	if text := log.String(); w.Code != http.StatusInternalServerError || !strings.Contains(text, "crash_test.go") || strings.Contains(text, "hunter2") {
		t.Errorf("%d\n%s", w.Code, text)
	}
}
