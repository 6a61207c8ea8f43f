package latchkey

import (
	"encoding/binary"
	"errors"
	"time"
)

// The stored formats are a version byte followed by fields in a fixed order: numbers big-endian, strings after their length.
// Times are milliseconds since 1970; the zero time is 0.

func appendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return binary.BigEndian.AppendUint64(b, 0)
	}
	return binary.BigEndian.AppendUint64(b, uint64(t.UnixMilli()))
}

var errMalformed = errors.New("malformed")

// A reader takes fields from the front of b. After the first short field it returns zero values; ask err once, at the end.
type reader struct {
	b   []byte
	err error
}

func (r *reader) take(n uint64) []byte {
	if r.err != nil || n > uint64(len(r.b)) {
		r.err = errMalformed
		return nil
	}
	field := r.b[:n]
	r.b = r.b[n:]
	return field
}

func (r *reader) byte() byte {
	if field := r.take(1); field != nil {
		return field[0]
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if field := r.take(4); field != nil {
		return binary.BigEndian.Uint32(field)
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if field := r.take(8); field != nil {
		return binary.BigEndian.Uint64(field)
	}
	return 0
}

func (r *reader) time() time.Time {
	if ms := r.uint64(); ms != 0 {
		return time.UnixMilli(int64(ms)).UTC()
	}
	return time.Time{}
}

func (r *reader) bytes() []byte {
	length, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.err = errMalformed
		return nil
	}
	r.take(uint64(n))
	return r.take(length)
}

func (r *reader) string() string { return string(r.bytes()) }

func (r *reader) array16() (a [16]byte) {
	copy(a[:], r.take(16))
	return a
}

// end reports whether all was well and nothing is left over.
func (r *reader) end() error {
	if r.err == nil && len(r.b) != 0 {
		r.err = errMalformed
	}
	return r.err
}
