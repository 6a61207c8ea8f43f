package latchkey_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/memstore"
)

// With a wrong Config.Origin the browser shows only a 403: the log names the two origins that
// differ, at a limited rate.
func TestOrigin_refusedIsLogged(t *testing.T) {
	var log bytes.Buffer
	var passed atomic.Int64
	now := func() time.Time {
		return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(passed.Load()))
	}
	guard, err := latchkey.New(latchkey.Config{
		Origin: "https://store.example.com", Provider: instant{}, Store: memstore.New(), Keys: latchkey.KeyRing{latchkey.NewKey()},
		Logger: slog.New(slog.NewJSONHandler(&log, nil)), Now: now,
	})
	must(t, err)
	defer guard.Close(context.Background())
	refused := func(origin, site string) (line map[string]any) {
		log.Reset()
		r := httptest.NewRequest("POST", "/api/login", strings.NewReader("{}"))
		r.Header["Origin"], r.Header["Sec-Fetch-Site"] = []string{origin}, []string{site}
		answer := httptest.NewRecorder()
		guard.ServeLogin(answer, r)
		if answer.Code != 403 {
			t.Fatalf("%s: %d", origin, answer.Code)
		}
		if log.Len() > 0 {
			must(t, json.Unmarshal(log.Bytes(), &line))
		}
		return line
	}
	line := refused("http://localhost:5173", "same-site")
	if line["level"] != "WARN" || line["origin"] != "http://localhost:5173" || line["want"] != "https://store.example.com" || line["site"] != "same-site" || line["fix"] == nil {
		t.Errorf("logged: %v", line)
	}
	if line := refused("https://evil.example", "cross-site"); line != nil {
		t.Errorf("logged within a minute: %v", line)
	}
	passed.Add(int64(time.Minute))
	line = refused("https://evil\x1b[31m.example/"+strings.Repeat("x", 10_000), "cross-site")
	if origin, ok := line["origin"].(string); !ok || len(origin) > 300 || strings.Contains(origin, "\x1b") {
		t.Errorf("logged: %.400v", line["origin"])
	}
}

// Behind a proxy that nobody told of, all browsers share the proxy's address, and anybody can use
// its attempts up: the log says so, once.
func TestOrigin_unknownProxyIsLogged(t *testing.T) {
	var log bytes.Buffer
	config := latchkey.Config{
		Origin: "https://store.example.com", Provider: instant{}, Store: memstore.New(), Keys: latchkey.KeyRing{latchkey.NewKey()},
		Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	for _, c := range []struct {
		header   string
		clientIP func(*http.Request) string
		lines    int
	}{
		{"X-Forwarded-For", nil, 1}, {"Forwarded", nil, 1}, {"Accept", nil, 0},
		{"X-Forwarded-For", func(*http.Request) string { return "192.0.2.1" }, 0},
	} {
		log.Reset()
		config.ClientIP = c.clientIP
		guard, err := latchkey.New(config)
		must(t, err)
		for range 3 {
			r := httptest.NewRequest("POST", "/api/login", strings.NewReader(`{"email":"ada@example.com","password":"any"}`))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set(c.header, "for=198.51.100.1")
			guard.ServeLogin(httptest.NewRecorder(), r)
		}
		must(t, guard.Close(context.Background()))
		if n := strings.Count(log.String(), "ClientIP"); n != c.lines {
			t.Errorf("%s: %d lines: %s", c.header, n, log.String())
		}
	}
}
