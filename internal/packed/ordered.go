package packed

import (
	"encoding/binary"
	"errors"
	"time"
)

// ErrMalformed says that bytes are not of the format that they should be.
var ErrMalformed = errors.New("malformed")

// AppendString appends a string after its length.
func AppendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// AppendTime appends a time as milliseconds since 1970 in 8 bytes, the zero time as 0.
func AppendTime(b []byte, t time.Time) []byte {
	return binary.BigEndian.AppendUint64(b, milliseconds(t))
}

func milliseconds(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(t.UnixMilli())
}

func timeOf(ms uint64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms)).UTC()
}

// A Reader takes fields from the front of some bytes. After the first short field it returns zero
// values; ask End once, at the end.
type Reader struct {
	rest []byte
	err  error
}

// NewReader returns a reader of b. Byte slices that it returns are parts of b.
func NewReader(b []byte) *Reader { return &Reader{rest: b} }

func (r *Reader) take(n uint64) []byte {
	if r.err != nil || n > uint64(len(r.rest)) {
		r.err = ErrMalformed
		return nil
	}
	field := r.rest[:n]
	r.rest = r.rest[n:]
	return field
}

// Byte takes one byte.
func (r *Reader) Byte() byte {
	if field := r.take(1); field != nil {
		return field[0]
	}
	return 0
}

// Uint32 takes 4 bytes, big-endian.
func (r *Reader) Uint32() uint32 {
	if field := r.take(4); field != nil {
		return binary.BigEndian.Uint32(field)
	}
	return 0
}

// Uint64 takes 8 bytes, big-endian.
func (r *Reader) Uint64() uint64 {
	if field := r.take(8); field != nil {
		return binary.BigEndian.Uint64(field)
	}
	return 0
}

// Time takes what AppendTime wrote.
func (r *Reader) Time() time.Time { return timeOf(r.Uint64()) }

// Bytes takes what AppendString wrote.
func (r *Reader) Bytes() []byte { return r.take(r.uvarint()) }

// String takes what AppendString wrote.
func (r *Reader) String() string { return string(r.Bytes()) }

// Array16 takes 16 bytes.
func (r *Reader) Array16() (a [16]byte) {
	copy(a[:], r.take(16))
	return a
}

// uvarint takes a number that binary.AppendUvarint wrote.
func (r *Reader) uvarint() uint64 {
	value, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.err = ErrMalformed
		return 0
	}
	r.take(uint64(n))
	return value
}

// End returns ErrMalformed if a field was short or something is left over.
func (r *Reader) End() error {
	if r.err == nil && len(r.rest) != 0 {
		r.err = ErrMalformed
	}
	return r.err
}
