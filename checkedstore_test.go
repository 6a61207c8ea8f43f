package latchkey

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

// fullRecord returns a record with a value in every field.
func fullRecord() *Record {
	rec := testRecord()
	rec.Version, rec.App, rec.Token, rec.RefreshToken = 7, "store", []byte("sealed"), []byte("sealed, too")
	rec.User = User{"u1", "ada@example.com", true, "ada", "Ada", "Lovelace", "Ada Lovelace", "https://example.com/a.png", "en", "Europe/London", []string{"reader"}}
	rec.Forked, rec.Rebuilt, rec.Unrevoked = true, true, true
	rec.Settled, rec.Predecessor, rec.Claim.Flight, rec.Device = Digest{1}, Digest{2}, [16]byte{3}, Device{"Firefox", "203.0.113.7"}
	rec.Binding = &Binding{Key: [64]byte(testKey), BoundAt: epoch}
	rec.AuthMethods, rec.EndReason = []string{"pwd"}, EndLogout
	for _, at := range []*time.Time{&rec.TokenExpiresAt, &rec.RefreshedAt, &rec.ConfirmedAt, &rec.Claim.Until, &rec.AuthenticatedAt, &rec.LastSeenAt, &rec.ExpiresAt, &rec.EndedAt} {
		*at = epoch
	}
	return rec
}

// eachValue calls visit with every single value in a struct.
func eachValue(v reflect.Value, path string, visit func(path string, v reflect.Value)) {
	if v.Kind() != reflect.Struct || v.Type() == reflect.TypeFor[time.Time]() {
		visit(path, v)
		return
	}
	for i := range v.NumField() {
		if field := v.Type().Field(i); field.IsExported() {
			eachValue(v.Field(i), path+"."+field.Name, visit)
		}
	}
}

// Every field of a record comes back, and none can be changed without the key, but for LastSeenAt,
// which stores move.
func TestRecordMAC_everyField(t *testing.T) {
	m := newRecordMAC(KeyRing{NewKey()}, "store")
	signed := m.sign(fullRecord().with(extra{unknown: "\xe7\x07\x01x"}))
	text, err := signed.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	stored := &Record{}
	if err := stored.UnmarshalBinary(text); err != nil || m.check(stored) != nil {
		t.Fatal(err, m.check(stored))
	}
	fields := 0
	eachValue(reflect.ValueOf(stored).Elem(), "", func(path string, v reflect.Value) {
		fields++
		if v.IsZero() {
			t.Errorf("%s is not stored", path)
		}
		before := reflect.ValueOf(v.Interface())
		v.SetZero()
		if forged := errors.Is(m.check(stored), errForgedRecord); forged == (path == ".LastSeenAt") {
			t.Errorf("%s is changed, and forged: %v", path, forged)
		}
		v.Set(before)
	})
	if fields < 40 || m.check(stored) != nil {
		t.Errorf("%d fields, %v", fields, m.check(stored))
	}
	if other := stored.with(extra{"\xe7\x07\x01y", stored.extras().mac}); !errors.Is(m.check(other), errForgedRecord) {
		t.Error("an unknown field can be changed")
	}
}

func TestRecordMAC_keys(t *testing.T) {
	older, newer := NewKey(), NewKey()
	rec := newRecordMAC(KeyRing{older}, "store").sign(testRecord())
	for _, c := range []struct {
		name string
		ring KeyRing
		app  string
		want error
	}{
		{"the same", KeyRing{older}, "store", nil},
		{"a newer one before it", KeyRing{newer, older}, "store", nil},
		{"another", KeyRing{newer}, "store", errUnknownMACKey},
		{"of another app", KeyRing{older}, "forums", errForgedRecord},
	} {
		if err := newRecordMAC(c.ring, c.app).check(rec); err != c.want {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	mac := rec.extras().mac
	for i := range mac {
		changed := append([]byte(nil), mac...)
		changed[i] ^= 1
		if newRecordMAC(KeyRing{older}, "store").check(rec.with(extra{mac: changed})) == nil {
			t.Errorf("byte %d of the MAC does not count", i)
		}
		if newRecordMAC(KeyRing{older}, "store").check(rec.with(extra{mac: mac[:i+1]})) == nil && i+1 < len(mac) {
			t.Errorf("%d bytes of a MAC are enough", i+1)
		}
	}
}

// A record without a MAC is accepted as long as a program that writes none may have written it. A
// tombstone without one is always accepted: it can only end a session.
func TestRecordMAC_missing(t *testing.T) {
	first, err := ParseKeys("latchkey-key-1:" + strings.TrimPrefix(NewKey().Reveal(), keyPrefix))
	if err != nil || !strings.HasPrefix(first[0].Reveal(), "latchkey-key-1:") {
		t.Fatal(first, err)
	}
	rec := testRecord()
	for _, c := range []struct {
		name string
		ring KeyRing
		want error
	}{
		{"an old key", first, nil},
		{"an old key behind a new one", KeyRing{NewKey(), first[0]}, nil},
		{"new keys", KeyRing{NewKey(), NewKey()}, errNoMAC},
	} {
		m := newRecordMAC(c.ring, "store")
		if err := m.check(rec); err != c.want {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		tombstone := rec.tombstone(epoch, EndLogout)
		if err := m.check(tombstone); err != nil {
			t.Errorf("%s: an end: %v", c.name, err)
		}
		if err := newRecordMAC(KeyRing{NewKey()}, "store").check(m.sign(tombstone)); err != nil {
			t.Errorf("%s: an end of a key that is gone: %v", c.name, err)
		}
		forged := m.sign(tombstone)
		forged.Deadline = epoch
		if err := m.check(forged); err != errForgedRecord {
			t.Errorf("%s: an end with a wrong MAC: %v", c.name, err)
		}
	}
}

func BenchmarkRecordMAC(b *testing.B) {
	m := newRecordMAC(KeyRing{NewKey()}, "store")
	rec := fullRecord()
	rec.Token, rec.RefreshToken = make([]byte, 733), make([]byte, 97)
	rec = m.sign(rec)
	for b.Loop() {
		if err := m.check(rec); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRecordCodec(b *testing.B) {
	rec := fullRecord()
	rec.Token, rec.RefreshToken = make([]byte, 733), make([]byte, 97)
	for b.Loop() {
		text, _ := rec.MarshalBinary()
		if err := new(Record).UnmarshalBinary(text); err != nil {
			b.Fatal(err)
		}
	}
}
