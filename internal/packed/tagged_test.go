package packed

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"testing"
	"time"
)

var at = time.UnixMilli(1_790_000_000_123).UTC()

// write writes a field of each kind.
func write(w *Writer) []byte {
	w.String(1, "text")
	w.Bytes(2, []byte{0, 1})
	w.Array16(5, [16]byte{7})
	w.Uint(6, 0x1234)
	w.Time(200, at)
	w.Bool(201, true)
	w.Strings(1<<40, []string{"", "a", "b"})
	return w.End()
}

func TestFields_roundTrip(t *testing.T) {
	f := NewFields(write(NewWriter(nil, "")))
	for _, read := range []struct {
		tag  Tag
		same func() bool
	}{
		{1, func() bool { return f.String() == "text" }},
		{2, func() bool { return bytes.Equal(f.Bytes(), []byte{0, 1}) }},
		{5, func() bool { return f.Array16() == [16]byte{7} }},
		{6, func() bool { return f.Uint(math.MaxUint32) == 0x1234 }},
		{200, func() bool { return f.Time().Equal(at) }},
		{201, func() bool { return f.Bool() }},
		{1 << 40, func() bool { return slices.Equal(f.Strings(), []string{"", "a", "b"}) }},
	} {
		if !f.Next() || f.Tag() != read.tag || !read.same() {
			t.Errorf("tag %d came back as another, or with another value", read.tag)
		}
	}
	if f.Next() || f.Err() != nil {
		t.Errorf("something is left over, or %v", f.Err())
	}
}

// A field with the zero value is not written.
func TestWriter_zero(t *testing.T) {
	w := NewWriter(nil, "")
	w.String(1, "")
	w.Bytes(2, []byte{})
	w.Array16(3, [16]byte{})
	w.Uint(4, 0)
	w.Time(5, time.Time{})
	w.Bool(6, false)
	w.Strings(7, []string{})
	if got := w.End(); len(got) != 0 {
		t.Errorf("%x was written", got)
	}
}

// What a reader does not know is written back in its place, whatever else has changed.
func TestUnknown_writtenBack(t *testing.T) {
	all := write(NewWriter(nil, ""))
	for known := range Tag(300) {
		f := NewFields(all)
		for f.Next() {
			if f.Tag() != known {
				f.Keep()
			}
		}
		w := NewWriter([]byte("before"), f.Unknown())
		switch known {
		case 1:
			w.String(1, "text")
		case 2:
			w.Bytes(2, []byte{0, 1})
		case 5:
			w.Array16(5, [16]byte{7})
		case 6:
			w.Uint(6, 0x1234)
		case 200:
			w.Time(200, at)
		case 201:
			w.Bool(201, true)
		}
		if got := w.End(); string(got) != "before"+string(all) {
			t.Errorf("with tag %d known: %x, want %x", known, got, all)
		}
	}
}

func TestUnknown_critical(t *testing.T) {
	unknown := func(tags ...Tag) Unknown {
		w := NewWriter(nil, "")
		for _, tag := range tags {
			w.Bool(tag, true)
		}
		return Unknown(w.End())
	}
	for _, c := range []struct {
		unknown Unknown
		want    Tag
	}{
		{"", 0}, {unknown(1), 0}, {unknown(1, 3, 129), 0}, {unknown(2), 2}, {unknown(1, 3, 128, 130), 128},
	} {
		if got := c.unknown.Critical(); got != c.want {
			t.Errorf("%x: %d, want %d", c.unknown, got, c.want)
		}
	}
}

// There is one way to write a field: whatever else says the same is refused.
func TestFields_malformed(t *testing.T) {
	for name, c := range map[string]struct {
		b    []byte
		read func(*Fields)
	}{
		"cut tag":                 {[]byte{0x80}, nil},
		"cut length":              {[]byte{1}, nil},
		"cut value":               {[]byte{1, 2, 'a'}, nil},
		"tag 0":                   {[]byte{0, 0}, nil},
		"the same tag again":      {[]byte{1, 0, 1, 0}, nil},
		"tags in no order":        {[]byte{2, 0, 1, 0}, nil},
		"long tag":                {[]byte{0x81, 0, 0}, nil},
		"long length":             {[]byte{1, 0x80, 0}, nil},
		"endless length":          {append([]byte{1}, bytes.Repeat([]byte{0xff}, 12)...), nil},
		"huge length":             {[]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, nil},
		"empty string":            {[]byte{1, 0}, func(f *Fields) { _ = f.String() }},
		"empty bytes":             {[]byte{1, 0}, func(f *Fields) { f.Bytes() }},
		"short array":             {[]byte{1, 1, 1}, func(f *Fields) { f.Array16() }},
		"array of zeros":          {append([]byte{1, 16}, make([]byte, 16)...), func(f *Fields) { f.Array16() }},
		"no number":               {[]byte{1, 0}, func(f *Fields) { f.Uint(9) }},
		"number with zeros":       {[]byte{1, 2, 0, 1}, func(f *Fields) { f.Uint(9) }},
		"number of nine bytes":    {append([]byte{1, 9}, bytes.Repeat([]byte{1}, 9)...), func(f *Fields) { f.Uint(math.MaxUint64) }},
		"number above its limit":  {[]byte{1, 1, 10}, func(f *Fields) { f.Uint(9) }},
		"time 0":                  {[]byte{1, 1, 0}, func(f *Fields) { f.Time() }},
		"the year 1":              {binary.BigEndian.AppendUint64([]byte{1, 8}, uint64(time.Time{}.UnixMilli())), func(f *Fields) { f.Time() }},
		"bool with a value":       {[]byte{1, 1, 1}, func(f *Fields) { f.Bool() }},
		"empty list":              {[]byte{1, 0}, func(f *Fields) { f.Strings() }},
		"cut list":                {[]byte{1, 2, 2, 'a'}, func(f *Fields) { f.Strings() }},
		"list with a long length": {[]byte{1, 3, 0x81, 0, 'a'}, func(f *Fields) { f.Strings() }},
	} {
		f := NewFields(c.b)
		for f.Next() {
			if c.read != nil {
				c.read(f)
			}
		}
		if f.Err() != ErrMalformed {
			t.Errorf("%s: %v", name, f.Err())
		}
	}
}

// Whatever is read and written again is the same bytes, known or not.
func FuzzFields(f *testing.F) {
	f.Add(write(NewWriter(nil, "")))
	f.Add([]byte{})
	f.Add([]byte{1, 1, 'a', 2, 2, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		in, w := NewFields(b), NewWriter(nil, "")
		for in.Next() {
			switch in.Tag() % 8 {
			case 0:
				w.String(in.Tag(), in.String())
			case 1:
				w.Bytes(in.Tag(), in.Bytes())
			case 2:
				w.Array16(in.Tag(), in.Array16())
			case 3:
				w.Uint(in.Tag(), in.Uint(1<<48))
			case 4:
				w.Time(in.Tag(), in.Time())
			case 5:
				w.Bool(in.Tag(), in.Bool())
			case 6:
				w.Strings(in.Tag(), in.Strings())
			case 7:
				in.Keep()
				w = NewWriter(w.End(), "")
				w.b = append(w.b, in.field...)
			}
		}
		if in.Err() != nil {
			return
		}
		if got := w.End(); !bytes.Equal(got, b) {
			t.Errorf("%x was written again as %x", b, got)
		}
		all := NewFields(b)
		for all.Next() {
			all.Keep()
		}
		if got := NewWriter(nil, all.Unknown()).End(); !bytes.Equal(got, b) {
			t.Errorf("%x was kept as %x", b, got)
		}
		all.Unknown().Critical()
	})
}
