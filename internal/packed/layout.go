package packed

import (
	"math"
	"time"
)

// A Layout lists the fields of a T, in the order of their tags.
type Layout[T any] []Field[T]

// A Field says where in a T the value of a tag is.
type Field[T any] struct {
	tag   Tag
	write func(*Writer, *T)
	read  func(*Fields, *T)
}

// Append appends the fields of v to b, with those that the layout does not have.
func (l Layout[T]) Append(b []byte, v *T, unknown Unknown) []byte {
	w := NewWriter(b, unknown)
	for _, f := range l {
		f.write(w, v)
	}
	return w.End()
}

// Read reads what Append wrote into v, a zero T. It returns the fields that the layout does not
// have.
func (l Layout[T]) Read(b []byte, v *T) (Unknown, error) {
	in := NewFields(b)
	next := 0 // tags ascend, here and there
	for in.Next() {
		for next < len(l) && l[next].tag < in.Tag() {
			next++
		}
		if next < len(l) && l[next].tag == in.Tag() {
			l[next].read(in, v)
		} else {
			in.Keep()
		}
	}
	return in.Unknown(), in.Err()
}

// Text is a field of text.
func Text[T any, S ~string](tag Tag, at func(*T) *S) Field[T] {
	return Field[T]{tag, func(w *Writer, v *T) { w.String(tag, string(*at(v))) }, func(in *Fields, v *T) { *at(v) = S(in.String()) }}
}

// Texts is a field of a list of texts.
func Texts[T any](tag Tag, at func(*T) *[]string) Field[T] {
	return Field[T]{tag, func(w *Writer, v *T) { w.Strings(tag, *at(v)) }, func(in *Fields, v *T) { *at(v) = in.Strings() }}
}

// Bytes is a field of bytes.
func Bytes[T any](tag Tag, at func(*T) *[]byte) Field[T] {
	return Field[T]{tag, func(w *Writer, v *T) { w.Bytes(tag, *at(v)) }, func(in *Fields, v *T) { *at(v) = in.Bytes() }}
}

// Array16 is a field of 16 bytes.
func Array16[T any, A ~[16]byte](tag Tag, at func(*T) *A) Field[T] {
	return Field[T]{tag, func(w *Writer, v *T) { w.Array16(tag, *at(v)) }, func(in *Fields, v *T) { *at(v) = in.Array16() }}
}

// Uint64 is a field of a number.
func Uint64[T any](tag Tag, at func(*T) *uint64) Field[T] {
	return Field[T]{tag, func(w *Writer, v *T) { w.Uint(tag, *at(v)) }, func(in *Fields, v *T) { *at(v) = in.Uint(math.MaxUint64) }}
}

// Uint32 is a field of a number.
func Uint32[T any](tag Tag, at func(*T) *uint32) Field[T] {
	return Field[T]{tag, func(w *Writer, v *T) { w.Uint(tag, uint64(*at(v))) }, func(in *Fields, v *T) { *at(v) = uint32(in.Uint(math.MaxUint32)) }}
}

// Bool is a field of a truth.
func Bool[T any](tag Tag, at func(*T) *bool) Field[T] {
	return Field[T]{tag, func(w *Writer, v *T) { w.Bool(tag, *at(v)) }, func(in *Fields, v *T) { *at(v) = in.Bool() }}
}

// Time is a field of a time, kept in milliseconds.
func Time[T any](tag Tag, at func(*T) *time.Time) Field[T] {
	return Field[T]{tag, func(w *Writer, v *T) { w.Time(tag, *at(v)) }, func(in *Fields, v *T) { *at(v) = in.Time() }}
}
