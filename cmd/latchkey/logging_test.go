package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// With --log-format json, the log of a server is one JSON object a line, from the configured level
// upwards.
func TestLogFormat(t *testing.T) {
	s := newServed(t)
	s.writeWith("listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\n", "")
	s.start("--log-format", "json")
	s.login()
	s.interrupt()
	kinds := make(map[string]bool)
	for line := range strings.Lines(s.stderr.String()) {
		var entry struct{ Level, Msg string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Level == "" {
			t.Errorf("%q is no JSON log line: %v", line, err)
		}
		kinds[entry.Msg] = true
	}
	if !kinds["login"] {
		t.Errorf("the login was not logged: %v", kinds)
	}
}

func TestLogLevel(t *testing.T) {
	s := newServed(t)
	s.writeWith("listen: 127.0.0.1:0\nadmin: 127.0.0.1:0\n", "")
	s.start("--log-level", "error")
	s.login()
	s.interrupt()
	if log := s.stderr.String(); log != "" {
		t.Errorf("there was no error, and the log has %s", log)
	}
}
