package latchkeytest

import (
	"bytes"
	"log/slog"
	"sync"
)

// A Log keeps what is logged, for the test to read. It is safe for concurrent use. Pass its Logger
// to [WithLogger].
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Logger returns a logger of all levels that writes text to the log.
func (l *Log) Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Write appends to the log.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns everything written so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
