package latchkey

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/internal/packed"
)

func FuzzRecord(f *testing.F) {
	full, err := testRecord().with(extra{"\x2e\x00\x2f\x01a", make([]byte, recordMACSize)}).MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(full)
	f.Add([]byte{2})
	f.Add(append([]byte{1}, make([]byte, 200)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		var r, twin Record
		if r.UnmarshalBinary(data) != nil {
			return
		}
		again, err := r.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if data[0] == recordVersion && !bytes.Equal(again, data) {
			t.Errorf("%x was written again as %x", data, again)
		}
		if err := twin.UnmarshalBinary(again); err != nil {
			t.Fatal(err)
		}
		if last, err := twin.MarshalBinary(); err != nil || !bytes.Equal(last, again) {
			t.Errorf("a record changes when it is written again: %v\n%x\n%x", err, again, last)
		}
	})
}

func TestRecord_ofAnotherVersion(t *testing.T) {
	data, err := testRecord().MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	data[0] = 7
	if err := new(Record).UnmarshalBinary(data); err == nil || !strings.Contains(err.Error(), "version 7") {
		t.Errorf("got %v", err)
	}
}

// The budget of docs/scaling.md: what a row costs beyond the user and a forwarded JWT.
func TestRecord_size(t *testing.T) {
	rec := testRecord()
	rec.Predecessor, rec.Settled = Digest{2}, Digest{3}
	rec.RefreshToken = make([]byte, 100)
	rec.App, rec.Device = "store", Device{UserAgent: strings.Repeat("x", 100), IP: "203.0.113.7"}
	data, err := rec.MarshalBinary()
	if err != nil || len(data) > 600 {
		t.Errorf("%d bytes, %v; want at most 600", len(data), err)
	}
}

// A program from before there were bound sessions must not serve one, and keeps it as it is. It may
// serve one whose key was never proven, and keeps the key.
func TestRecord_boundInAnOlderProgram(t *testing.T) {
	older := recordLayout[:len(recordLayout)-1] // ends before BoundAt
	for boundAt, critical := range map[time.Time]packed.Tag{epoch: packed.TagBoundAt, {}: 0} {
		rec := testRecord()
		rec.Binding = &Binding{Key: [64]byte(testKey), BoundAt: boundAt}
		text, err := rec.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		stored := storedRecord{Record: &Record{}}
		unknown, err := older.Read(text[1:], &stored)
		if err != nil || unknown.Critical() != critical || !bytes.Equal(stored.key, testKey) {
			t.Errorf("bound at %v: must know %d, want %d; key %x; %v", boundAt, unknown.Critical(), critical, stored.key, err)
		}
		if again := older.Append(text[:1:1], &stored, unknown); !bytes.Equal(again, text) {
			t.Errorf("bound at %v: %x was written again as %x", boundAt, text, again)
		}
	}
}
