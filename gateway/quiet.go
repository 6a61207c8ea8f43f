package gateway

import (
	"io"
	"log/slog"

	"github.com/latchkey-dev/latchkey/internal/crash"
)

// A quiet is the connection to an app after an upgrade. ReverseProxy would copy in both directions
// with a buffer of 32 KiB each, for as long as it is open. A WebSocket is silent most of the time,
// so it gets a small buffer, and a large one only while there is much to copy. Both directions run
// in goroutines of ReverseProxy, which do not recover from panics.
type quiet struct {
	io.ReadWriteCloser
	log *slog.Logger
}

const quietBuffer = 1 << 10

// WriteTo copies what the app sends. io.Copy calls it instead of reading.
func (q *quiet) WriteTo(client io.Writer) (int64, error) {
	return q.copy(client, q.ReadWriteCloser)
}

// ReadFrom copies what the client sends.
func (q *quiet) ReadFrom(client io.Reader) (int64, error) {
	return q.copy(q.ReadWriteCloser, client)
}

func (q *quiet) copy(to io.Writer, from io.Reader) (copied int64, err error) {
	err = contain(q.log, "panic in a stream", func() (err error) {
		copied, err = copyQuietly(to, from)
		return err
	})
	return copied, err
}

// contain runs a function outside of a request's own goroutine. A panic becomes an error, and is
// logged.
func contain(log *slog.Logger, what string, run func() error) error {
	err := crash.Contain(run)
	if crashed, ok := err.(*crash.Error); ok {
		log.Error(what, "error", crashed)
	}
	return err
}

func copyQuietly(to io.Writer, from io.Reader) (copied int64, err error) {
	small := make([]byte, quietBuffer)
	for err == nil {
		var n int64
		n, err = copyOnce(to, from, small)
		copied += n
		if n == quietBuffer && err == nil { // there may be more
			n, err = copyBurst(to, from)
			copied += n
		}
	}
	if err == io.EOF {
		err = nil
	}
	return copied, err
}

// copyBurst copies until a read does not fill the small buffer.
func copyBurst(to io.Writer, from io.Reader) (copied int64, err error) {
	large := buffers.Get()
	defer buffers.Put(large)
	for {
		n, err := copyOnce(to, from, large)
		copied += n
		if err != nil || n < quietBuffer {
			return copied, err
		}
	}
}

func copyOnce(to io.Writer, from io.Reader, buffer []byte) (int64, error) {
	n, readErr := from.Read(buffer)
	written, err := to.Write(buffer[:n])
	if err == nil {
		err = readErr
	}
	return int64(written), err
}
