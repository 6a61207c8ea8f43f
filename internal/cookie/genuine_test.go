package cookie

import (
	"testing"
	"time"
)

// A subject is what a text with a MAC is about.
type subject struct {
	id         [16]byte
	thumbprint [32]byte
}

var (
	someSubject = subject{id: [16]byte{1}, thumbprint: [32]byte{2}}
	someTime    = time.UnixMilli(1893456000123)
)

// A kind is one of the texts with a MAC.
type kind struct {
	name   string
	format func(keys Keys, app, host string, s subject) string
	parse  func(keys Keys, app, host string, s subject, text string) bool
}

var kinds = []kind{
	{"session cookie",
		func(keys Keys, app, host string, s subject) string {
			return NewSessions(keys, app, host).Format(Mark{ID: s.id, MintedAt: someTime})
		},
		func(keys Keys, app, host string, s subject, text string) bool {
			m, ok := NewSessions(keys, app, host).Parse(text)
			return ok && m.ID == s.id && m.MintedAt.Equal(someTime) && !m.Keyed
		}},
	{"keyed session cookie",
		func(keys Keys, app, host string, s subject) string {
			return NewSessions(keys, app, host).Format(Mark{ID: s.id, MintedAt: someTime, Keyed: true})
		},
		func(keys Keys, app, host string, s subject, text string) bool {
			m, ok := NewSessions(keys, app, host).Parse(text)
			return ok && m.ID == s.id && m.MintedAt.Equal(someTime) && m.Keyed
		}},
	{"bound cookie",
		func(keys Keys, app, host string, s subject) string {
			return NewBoundCookies(keys, app, host).Format(s.id, s.thumbprint, someTime)
		},
		func(keys Keys, app, host string, s subject, text string) bool {
			end, ok := NewBoundCookies(keys, app, host).Parse(text, s.id, s.thumbprint)
			return ok && end.Equal(someTime)
		}},
	{"session identifier",
		func(keys Keys, app, host string, s subject) string {
			return string(NewSessionIdentifiers(keys, app, host).Format(s.id, someTime))
		},
		func(keys Keys, app, host string, s subject, text string) bool {
			id, _, ok := NewSessionIdentifiers(keys, app, host).Parse(text)
			return ok && id == s.id
		}},
	{"registration challenge",
		func(keys Keys, app, host string, s subject) string {
			return NewRegistrationChallenges(keys, app, host).Format(s.id, someTime)
		},
		func(keys Keys, app, host string, s subject, text string) bool {
			at, ok := NewRegistrationChallenges(keys, app, host).Parse(text, s.id)
			return ok && at.Equal(someTime)
		}},
	{"refresh challenge",
		func(keys Keys, app, host string, s subject) string {
			return NewRefreshChallenges(keys, app, host).Format(s.id, s.thumbprint, someTime)
		},
		func(keys Keys, app, host string, s subject, text string) bool {
			at, ok := NewRefreshChallenges(keys, app, host).Parse(text, s.id, s.thumbprint)
			return ok && at.Equal(someTime)
		}},
}

// Each text is genuine for its purpose, app, host, session and key only, and all its bits count.
func TestGenuine_nothingElse(t *testing.T) {
	keys := newKeys()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			text := k.format(keys, "store", "store.test", someSubject)
			if !k.parse(keys, "store", "store.test", someSubject, text) {
				t.Fatalf("%q is not genuine", text)
			}
			raw, err := Encoding.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			for bit := range 8 * len(raw) {
				raw[bit/8] ^= 1 << (bit % 8)
				if k.parse(keys, "store", "store.test", someSubject, Encoding.EncodeToString(raw)) {
					t.Errorf("bit %d does not count", bit)
				}
				raw[bit/8] ^= 1 << (bit % 8)
			}
			for what, ok := range map[string]bool{
				"an empty text":         k.parse(keys, "store", "store.test", someSubject, ""),
				"a shorter text":        k.parse(keys, "store", "store.test", someSubject, text[:len(text)-1]),
				"a longer text":         k.parse(keys, "store", "store.test", someSubject, text+"A"),
				"a line break":          k.parse(keys, "store", "store.test", someSubject, text[:len(text)-1]+"\n"),
				"another session":       k.parse(keys, "store", "store.test", subject{[16]byte{9}, someSubject.thumbprint}, text),
				"another app":           k.parse(keys, "forums", "store.test", someSubject, text),
				"another host":          k.parse(keys, "store", "forums.test", someSubject, text),
				"another key, same id":  k.parse(newKeys(), "store", "store.test", someSubject, text),
				"a key that is unknown": k.parse(Keys{newKey(8)}, "store", "store.test", someSubject, text),
			} {
				if ok {
					t.Errorf("%s is genuine", what)
				}
			}
			for _, other := range kinds {
				if other.name != k.name && k.parse(keys, "store", "store.test", someSubject, other.format(keys, "store", "store.test", someSubject)) {
					t.Errorf("a %s is genuine", other.name)
				}
			}
		})
	}
}

// The first key of the ring writes, all of them are accepted.
func TestGenuine_ringOfKeys(t *testing.T) {
	before, after := newKey(7), newKey(8)
	for _, k := range kinds {
		text := k.format(Keys{after, before}, "store", "store.test", someSubject)
		if !k.parse(Keys{before, after}, "store", "store.test", someSubject, text) {
			t.Errorf("%s: a second key is not accepted", k.name)
		}
		if !k.parse(Keys{after}, "store", "store.test", someSubject, text) || k.parse(Keys{before}, "store", "store.test", someSubject, text) {
			t.Errorf("%s: not the first key has written it", k.name)
		}
	}
}
