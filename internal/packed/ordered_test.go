package packed

import (
	"encoding/binary"
	"testing"
	"time"
)

func TestReader_roundTrip(t *testing.T) {
	b := []byte{7}
	b = binary.BigEndian.AppendUint32(b, 8)
	b = binary.BigEndian.AppendUint64(b, 9)
	b = AppendTime(AppendTime(b, at), time.Time{})
	b = AppendString(AppendString(b, "text"), "")
	b = append(b, make([]byte, 16)...)
	read := func(b []byte) (same bool, err error) {
		r := NewReader(b)
		same = r.Byte() == 7 && r.Uint32() == 8 && r.Uint64() == 9 && r.Time().Equal(at) && r.Time().IsZero() &&
			r.String() == "text" && len(r.Bytes()) == 0 && r.Array16() == [16]byte{}
		return same, r.End()
	}
	if same, err := read(b); !same || err != nil {
		t.Errorf("%v, %v", same, err)
	}
	for n := range b {
		if _, err := read(b[:n]); err != ErrMalformed {
			t.Errorf("of the first %d bytes: %v", n, err)
		}
	}
	if _, err := read(append(b, 0)); err != ErrMalformed {
		t.Errorf("with a byte too many: %v", err)
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte{1, 2, 3}, uint8(5))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, uint8(4))
	f.Fuzz(func(t *testing.T, b []byte, kind uint8) {
		r := NewReader(b)
		for range len(b) + 1 {
			switch kind % 6 {
			case 0:
				r.Byte()
			case 1:
				r.Uint32()
			case 2:
				r.Uint64()
			case 3:
				r.Array16()
			case 4:
				r.Bytes()
			case 5:
				r.Time()
			}
		}
		r.End()
	})
}
