package webhook_test

import (
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth/webhook"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

// Anyone can reach the address: refusals of one kind are logged once a minute, with their number.
func TestBadEventsDoNotFloodTheLog(t *testing.T) {
	log, now := &latchkeytest.Log{}, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	rc := receiver(t, webhook.Config{Secrets: []latchkey.Secret{secret}, Logger: slog.New(slog.NewTextHandler(log, nil)), Now: func() time.Time { return now }})
	flood := func() {
		for range 1000 {
			rc.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
			status(t, rc, "nonsense")
		}
	}
	flood()
	if n := strings.Count(log.String(), "\n"); n != 2 {
		t.Errorf("%d lines in a minute, want one for each kind", n)
	}
	now = now.Add(time.Minute)
	flood()
	if text := log.String(); strings.Count(text, "\n") != 4 || strings.Count(text, "more=999") != 2 {
		t.Errorf("%s", text)
	}
}
