package worker

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
)

// A frame is its length in two bytes, the high one first, and as many bytes.

var errFrameTooLong = errors.New("worker: a message has at most 65535 bytes")

func writeFrame(w io.Writer, content []byte) error {
	if len(content) > math.MaxUint16 {
		return errFrameTooLong
	}
	frame := binary.BigEndian.AppendUint16(nil, uint16(len(content)))
	_, err := w.Write(append(frame, content...)) // in one write, which a pipe takes whole
	return err
}

// readFrame returns io.EOF if the input ends before the first byte.
func readFrame(r io.Reader) ([]byte, error) {
	var length [2]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	content := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(r, content); errors.Is(err, io.EOF) {
		return nil, io.ErrUnexpectedEOF
	} else if err != nil {
		return nil, err
	}
	return content, nil
}
