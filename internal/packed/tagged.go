package packed

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"time"
)

// A Tag says what a field means. No tag ever changes its meaning, and none is used for another
// field after its own is gone. One list of tags serves all formats that share fields.
//
// A reader that does not know an odd tag may ignore the field. If it does not know an even one, it
// must not act on the rest: "it's OK to be odd" (Lightning Network, BOLT 1). So an even tag is for
// what an older program would do wrong without knowing it.
type Tag uint64

// Unknown are the fields whose tags a reader did not know, as they were written.
type Unknown string

// Critical returns the first unknown tag that must be known, or 0.
func (u Unknown) Critical() Tag {
	if u == "" {
		return 0
	}
	for f := NewFields([]byte(u)); f.Next(); {
		if f.Tag()%2 == 0 {
			return f.Tag()
		}
	}
	return 0
}

// A Writer writes tagged fields: the tag, the length of the value, the value. The caller writes in
// the order of the tags. A field with the zero value is left out, so that the same fields are the
// same bytes, whichever program writes them.
type Writer struct {
	b       []byte
	unknown Fields // those that are still to be written, among the others
	pending bool   // unknown is at one
}

// NewWriter returns a writer that appends to b. It writes the unknown fields in their places.
func NewWriter(b []byte, unknown Unknown) *Writer {
	w := &Writer{b: b}
	if unknown != "" {
		w.unknown.rest = []byte(unknown)
		w.pending = w.unknown.Next()
	}
	return w
}

// begin writes the tag and the length of a value.
func (w *Writer) begin(tag Tag, length int) {
	w.writeUnknown(tag)
	w.b = binary.AppendUvarint(w.b, uint64(tag))
	w.b = binary.AppendUvarint(w.b, uint64(length))
}

// writeUnknown writes the unknown fields that come before a tag. One with the tag itself is left
// out: it may be unknown to the format that it was read from, and known to this one.
func (w *Writer) writeUnknown(before Tag) {
	for w.pending && w.unknown.tag < before {
		w.takeUnknown()
	}
	if w.pending && w.unknown.tag == before {
		w.pending = w.unknown.Next()
	}
}

func (w *Writer) takeUnknown() {
	w.b = append(w.b, w.unknown.field...)
	w.pending = w.unknown.Next()
}

// End returns all that was written.
func (w *Writer) End() []byte {
	for w.pending {
		w.takeUnknown()
	}
	return w.b
}

// String writes a text.
func (w *Writer) String(tag Tag, s string) {
	if s != "" {
		w.begin(tag, len(s))
		w.b = append(w.b, s...)
	}
}

// Bytes writes bytes.
func (w *Writer) Bytes(tag Tag, b []byte) {
	if len(b) > 0 {
		w.begin(tag, len(b))
		w.b = append(w.b, b...)
	}
}

// Array16 writes 16 bytes.
func (w *Writer) Array16(tag Tag, a [16]byte) {
	if a != [16]byte{} {
		w.begin(tag, len(a))
		w.b = append(w.b, a[:]...)
	}
}

// Uint writes a number, big-endian, in as few bytes as it needs.
func (w *Writer) Uint(tag Tag, n uint64) {
	if n == 0 {
		return
	}
	size := (bits.Len64(n) + 7) / 8
	w.begin(tag, size)
	for shift := 8 * (size - 1); shift >= 0; shift -= 8 {
		w.b = append(w.b, byte(n>>shift))
	}
}

// Time writes a time as milliseconds since 1970.
func (w *Writer) Time(tag Tag, t time.Time) { w.Uint(tag, milliseconds(t)) }

// Bool writes that something is so.
func (w *Writer) Bool(tag Tag, is bool) {
	if is {
		w.begin(tag, 0)
	}
}

// Strings writes a list of texts.
func (w *Writer) Strings(tag Tag, list []string) {
	if len(list) == 0 {
		return
	}
	size := 0
	for _, s := range list {
		size += uvarintSize(uint64(len(s))) + len(s)
	}
	w.begin(tag, size)
	for _, s := range list {
		w.b = AppendString(w.b, s)
	}
}

func uvarintSize(n uint64) int { return (bits.Len64(n|1) + 6) / 7 }

// Fields reads tagged fields, one after the other. It accepts only what a Writer writes: what is
// read and written again is the same bytes. After a mistake Next returns false; ask Err once, at
// the end.
type Fields struct {
	rest    []byte
	tag     Tag
	field   []byte // all of it
	value   []byte
	unknown []byte
	err     error
}

// NewFields returns a reader of b.
func NewFields(b []byte) *Fields { return &Fields{rest: b} }

// Next goes to the next field, and reports whether there is one.
func (f *Fields) Next() bool {
	if f.err != nil || len(f.rest) == 0 {
		return false
	}
	start := f.rest
	tag, length := f.uvarint(), f.uvarint()
	if f.err != nil || Tag(tag) <= f.tag || length > uint64(len(f.rest)) {
		f.err = ErrMalformed
		return false
	}
	f.tag, f.value, f.rest = Tag(tag), f.rest[:length], f.rest[length:]
	f.field = start[:len(start)-len(f.rest)]
	return true
}

// uvarint takes a number in the shortest form that it has.
func (f *Fields) uvarint() uint64 {
	n, size := binary.Uvarint(f.rest)
	if size <= 0 || size != uvarintSize(n) {
		f.err = ErrMalformed
		return 0
	}
	f.rest = f.rest[size:]
	return n
}

// Tag returns the tag of the field.
func (f *Fields) Tag() Tag { return f.tag }

// Keep puts the field among the unknown ones.
func (f *Fields) Keep() { f.unknown = append(f.unknown, f.field...) }

// Unknown returns the fields that were kept.
func (f *Fields) Unknown() Unknown { return Unknown(f.unknown) }

// Err returns ErrMalformed if anything was not as a Writer writes it.
func (f *Fields) Err() error { return f.err }

func (f *Fields) refuse(is bool) {
	if is {
		f.err = ErrMalformed
	}
}

// String returns the value of Writer.String.
func (f *Fields) String() string {
	f.refuse(len(f.value) == 0)
	return string(f.value)
}

// Bytes returns a copy of the value of Writer.Bytes.
func (f *Fields) Bytes() []byte {
	f.refuse(len(f.value) == 0)
	return slices.Clone(f.value)
}

// Array16 returns the value of Writer.Array16.
func (f *Fields) Array16() (a [16]byte) {
	copy(a[:], f.value)
	f.refuse(len(f.value) != len(a) || a == [16]byte{})
	return a
}

// Uint returns the value of Writer.Uint, which is at most max.
func (f *Fields) Uint(max uint64) (n uint64) {
	if len(f.value) == 0 || len(f.value) > 8 || f.value[0] == 0 {
		f.err = ErrMalformed
		return 0
	}
	for _, b := range f.value {
		n = n<<8 | uint64(b)
	}
	f.refuse(n > max)
	return n
}

// Time returns the value of Writer.Time.
func (f *Fields) Time() time.Time {
	t := timeOf(f.Uint(math.MaxUint64))
	f.refuse(t.IsZero()) // also the year 1, which has a number
	return t
}

// Bool returns the value of Writer.Bool: true.
func (f *Fields) Bool() bool {
	f.refuse(len(f.value) != 0)
	return true
}

// Strings returns the value of Writer.Strings.
func (f *Fields) Strings() (list []string) {
	f.refuse(len(f.value) == 0)
	for in := (&Fields{rest: f.value}); len(in.rest) > 0; {
		length := in.uvarint()
		if in.err != nil || length > uint64(len(in.rest)) {
			f.err = ErrMalformed
			return nil
		}
		list = append(list, string(in.rest[:length]))
		in.rest = in.rest[length:]
	}
	return list
}
