package gateway

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// Bytes arrive as they were sent, in pieces of any size, and errors are reported.
func TestCopyQuietly(t *testing.T) {
	for _, size := range []int{0, 1, quietBuffer - 1, quietBuffer, quietBuffer + 1, 32 << 10, 32<<10 + quietBuffer, 1 << 20} {
		sent := make([]byte, size)
		rand.Read(sent)
		for name, from := range map[string]io.Reader{
			"at once": bytes.NewReader(sent), "in bytes": iotest.OneByteReader(bytes.NewReader(sent)), "in halves": iotest.HalfReader(bytes.NewReader(sent)), "the end with the data": iotest.DataErrReader(bytes.NewReader(sent)),
		} {
			var got bytes.Buffer
			if n, err := copyQuietly(&got, from); n != int64(size) || err != nil || !bytes.Equal(got.Bytes(), sent) {
				t.Errorf("%d bytes %s: %d copied, %v", size, name, n, err)
			}
		}
	}
	broken := errors.New("broken")
	if _, err := copyQuietly(io.Discard, iotest.ErrReader(broken)); err != broken {
		t.Errorf("a broken reader: %v", err)
	}
	r, w := io.Pipe()
	r.CloseWithError(broken)
	if _, err := copyQuietly(w, bytes.NewReader([]byte("x"))); err != broken {
		t.Errorf("a broken writer: %v", err)
	}
}
