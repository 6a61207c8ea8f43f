package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// closers closes in reverse order of opening.
type closers []io.Closer

func (cs closers) Close() error {
	var errs []error
	for i := len(cs) - 1; i >= 0; i-- {
		errs = append(errs, cs[i].Close())
	}
	return errors.Join(errs...)
}

type closeFunc func() error

func (f closeFunc) Close() error { return f() }

// closeWithin limits a Close that takes a context to a time.
func closeWithin(d time.Duration, close func(context.Context) error) io.Closer {
	return closeFunc(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), d)
		defer cancel()
		return close(ctx)
	})
}

// serveBeside serves until the server is closed. A failure is logged, and ends nothing else.
func serveBeside(server *http.Server, listener net.Listener, log *slog.Logger) {
	err := contain(func() error { return server.Serve(listener) })
	if !errors.Is(err, http.ErrServerClosed) {
		log.Error("server stopped unexpectedly", "address", listener.Addr(), "error", err)
	}
}

// stopServer gives requests some time to end, then cuts off the rest. An idle connection that
// browsers have opened in advance delays http.Server.Shutdown by five seconds: that is no failure.
func stopServer(server *http.Server, within time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return server.Close()
	}
	return err
}
