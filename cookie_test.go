package latchkey

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/internal/cookie"
)

var epoch = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

func testCookies(app, host string, ring ...Key) *cookies {
	return &cookies{session: cookie.NewSessions(KeyRing(ring).cookieKeys(), app, host), refresh: cookie.NewRefreshes(KeyRing(ring).cookieKeys(), app, host), sameSite: http.SameSiteStrictMode}
}

func testRecord() *Record {
	return &Record{
		ID: newID(), Generation: 3, User: User{ID: "u1"}, RefreshTokenID: "r1", Persistent: true,
		CreatedAt: epoch, Deadline: epoch.Add(90 * 24 * time.Hour), RefreshExpiresAt: epoch.Add(30 * 24 * time.Hour),
	}
}

func mintPair(t testing.TB, c *cookies, rec *Record, b cookie.Branch) *cookiePair {
	t.Helper()
	pair, err := c.make(rec, b, "provider-token", "", epoch)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// testKey is the public key of a browser.
var testKey = func() []byte {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	return point[1:]
}()

func TestCookies_roundTrip(t *testing.T) {
	c := testCookies("store", "store.test", NewKey())
	rec, b := testRecord(), cookie.NewBranch()
	rec.Binding, _ = newBinding(testKey, epoch)
	pair := mintPair(t, c, rec, b)

	m, ok := c.session.Parse(pair.session)
	if !ok || m.ID != rec.ID || m.Generation != 3 || m.Branch != b || !m.MintedAt.Equal(epoch) {
		t.Errorf("session cookie: %+v, %v", m, ok)
	}
	r, ok := c.refresh.Parse(pair.refresh)
	if !ok || !r.Mark.Same(m) || !r.MintedAt.Equal(epoch) || r.UserID != "u1" || !r.CreatedAt.Equal(rec.CreatedAt) || !r.Deadline.Equal(rec.Deadline) ||
		r.Token != "provider-token" || r.TokenID != "r1" || !bytes.Equal(r.PublicKey, rec.Binding.key()) || !r.BoundAt.Equal(epoch) || !r.Keyed || !m.Keyed || !r.Persistent {
		t.Errorf("refresh cookie: %+v, %v", r, ok)
	}
}

func TestCKE14_CookiesAreOpaque(t *testing.T) {
	c := testCookies("store", "store.test", NewKey())
	pair := mintPair(t, c, testRecord(), cookie.NewBranch())
	raw, err := base64.RawURLEncoding.DecodeString(pair.refresh)
	if err != nil || bytes.Contains(raw, []byte("provider-token")) || bytes.Contains(raw, []byte("u1\x00")) {
		t.Errorf("the refresh cookie shows what is in it: %v", err)
	}
	if again := mintPair(t, c, testRecord(), cookie.NewBranch()); len(again.session) != len(pair.session) || again.session == pair.session {
		t.Error("session cookies differ in length, or not at all")
	}
}

// ARC-05, CKE-15: a cookie of another key, app, host, session or name, or with one bit or
// character changed, is refused.
func TestARC05_ForgedCookiesAreRefused(t *testing.T) {
	key := NewKey()
	c := testCookies("store", "store.test", key)
	rec, b := testRecord(), cookie.NewBranch()
	pair := mintPair(t, c, rec, b)

	genuine := func(c *cookies, session, refresh string) (bool, bool) {
		_, s := c.session.Parse(session)
		_, r := c.refresh.Parse(refresh)
		return s, r
	}
	for name, other := range map[string]*cookies{
		"another key": testCookies("store", "store.test", NewKey()), "another app": testCookies("forums", "store.test", key),
		"another host": testCookies("store", "forums.test", key), "app and host run together": testCookies("stores", "tore.test", key),
	} {
		if s, r := genuine(other, pair.session, pair.refresh); s || r {
			t.Errorf("%s: session %v, refresh %v", name, s, r)
		}
	}
	if s, r := genuine(c, pair.refresh, pair.session); s || r {
		t.Error("the cookies work in each other's place")
	}
	for i, flip := range []func(string) string{
		func(v string) string { return v[:len(v)-1] }, func(v string) string { return v + "A" }, func(v string) string { return v[1:] },
		func(v string) string { return " " + v }, func(v string) string { return `"` + v + `"` }, func(v string) string { return v + "=" },
		func(string) string { return "" }, func(v string) string { return strings.Repeat(v, 50) },
	} {
		if s, r := genuine(c, flip(pair.session), flip(pair.refresh)); s || r {
			t.Errorf("mutation %d: session %v, refresh %v", i, s, r)
		}
	}
	flipBits(t, pair.session, func(v string) bool { _, ok := c.session.Parse(v); return ok })
	flipBits(t, pair.refresh, func(v string) bool { _, ok := c.refresh.Parse(v); return ok })

	foreign := testRecord()
	moved := append(foreign.ID[:], rawOf(t, pair.refresh)[16:]...)
	if _, ok := c.refresh.Parse(cookie.Encoding.EncodeToString(moved)); ok {
		t.Error("a refresh cookie works for another session")
	}
}

func rawOf(t *testing.T, value string) []byte {
	t.Helper()
	raw, err := cookie.Encoding.DecodeString(value)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func flipBits(t *testing.T, value string, genuine func(string) bool) {
	t.Helper()
	raw := rawOf(t, value)
	for bit := range len(raw) * 8 {
		raw[bit/8] ^= 1 << (bit % 8)
		if genuine(cookie.Encoding.EncodeToString(raw)) {
			t.Errorf("genuine with bit %d of byte %d flipped", bit%8, bit/8)
		}
		raw[bit/8] ^= 1 << (bit % 8)
	}
}

func TestKEY03_KeysRotate(t *testing.T) {
	before, after := NewKey(), NewKey()
	pair := mintPair(t, testCookies("store", "store.test", before), testRecord(), cookie.NewBranch())
	for name, c := range map[string]struct {
		ring KeyRing
		want bool
	}{
		"old key only": {KeyRing{before}, true}, "new key in front": {KeyRing{after, before}, true}, "old key gone": {KeyRing{after}, false},
	} {
		cookies := testCookies("store", "store.test", c.ring...)
		_, s := cookies.session.Parse(pair.session)
		_, r := cookies.refresh.Parse(pair.refresh)
		if s != c.want || r != c.want {
			t.Errorf("%s: session %v, refresh %v", name, s, r)
		}
		renewed := mintPair(t, cookies, testRecord(), cookie.NewBranch())
		if _, ok := testCookies("store", "store.test", c.ring[0]).session.Parse(renewed.session); !ok {
			t.Errorf("%s: new cookies are not made with the first key", name)
		}
	}
}

func TestCKE12_TooLargeIsRefusedNotEmitted(t *testing.T) {
	c := testCookies("store", "store.test", NewKey())
	fits := func(n int) bool {
		pair, err := c.make(testRecord(), cookie.NewBranch(), Secret(strings.Repeat("x", n)), "", epoch)
		return err == nil && len(cookie.RefreshName)+len(pair.refresh) <= cookie.MaxSize
	}
	if !fits(2500) || fits(4096) {
		t.Error("the limit is not 4096 bytes of name and value")
	}
}

func TestCKE01to05_Attributes(t *testing.T) {
	c := testCookies("store", "store.test", NewKey())
	rec := testRecord()
	w := httptest.NewRecorder()
	c.set(w, mintPair(t, c, rec, cookie.NewBranch()))
	rec.Persistent = false
	c.set(w, mintPair(t, c, rec, cookie.NewBranch()))
	c.clear(w)
	const attributes = "; HttpOnly; Secure; SameSite=Strict"
	for i, want := range []string{
		cookie.SessionName + "=*; Path=/" + attributes, cookie.RefreshName + "=*; Path=/; Max-Age=2592000" + attributes,
		cookie.SessionName + "=*; Path=/" + attributes, cookie.RefreshName + "=*; Path=/" + attributes,
		cookie.SessionName + "=; Path=/; Max-Age=0" + attributes, cookie.RefreshName + "=; Path=/; Max-Age=0" + attributes,
	} {
		got := w.Header()["Set-Cookie"][i]
		name, rest, _ := strings.Cut(want, "*")
		if !strings.HasPrefix(got, name) || !strings.HasSuffix(got, rest) || strings.Contains(got, "Domain") {
			t.Errorf("Set-Cookie %d: %s\nwant %s", i, got, want)
		}
	}
}

func TestCookieValues(t *testing.T) {
	for _, c := range []struct {
		lines            []string
		session, refresh string
	}{
		{[]string{"__Host-session=a; __Host-refresh=b"}, "a", "b"},
		{[]string{"__Host-session=a", "__Host-refresh=b"}, "a", "b"},
		{[]string{"x=1;__Host-session=a;  y=2"}, "a", ""},
		// CKE-08: twice in a line
		{[]string{"__Host-session=a; __Host-session=a"}, "", ""},
		{[]string{"__Host-session=a; __Host-refresh=b", "__Host-session=c"}, "", "b"}, // and in two
		{[]string{"__Host-session=a; __Host-session="}, "", ""},
		{[]string{"__host-session=a; __HOST-refresh=b"}, "", ""},   // CKE-07
		{[]string{"session=a; refresh=b; host-session=c"}, "", ""}, // CKE-09
		{[]string{"__Host-session"}, "", ""},
		{[]string{"", ";;;", "=", "__Host-session=a=b "}, "a=b", ""},
		{nil, "", ""},
	} {
		h := http.Header{"Cookie": c.lines}
		session, refresh := cookie.Value(h, cookie.SessionName), cookie.Value(h, cookie.RefreshName)
		if session != c.session || refresh != c.refresh {
			t.Errorf("%q: %q, %q; want %q, %q", c.lines, session, refresh, c.session, c.refresh)
		}
	}
}

func FuzzCookieValues(f *testing.F) {
	f.Add("__Host-session=a; __Host-refresh=b")
	f.Add("__Host-session=a; a=b; __Host-session=c")
	f.Fuzz(func(t *testing.T, line string) {
		h := http.Header{"Cookie": {line}}
		session, refresh := cookie.Value(h, cookie.SessionName), cookie.Value(h, cookie.RefreshName)
		for name, value := range map[string]string{cookie.SessionName: session, cookie.RefreshName: refresh} {
			if value != "" && strings.Count(line, name+"="+value) == 0 {
				t.Errorf("%q: %s=%q is not there", line, name, value)
			}
		}
	})
}

func FuzzSessionCookie(f *testing.F) {
	c := testCookies("store", "store.test", NewKey(), NewKey())
	f.Add(mintPair(f, c, testRecord(), cookie.NewBranch()).session)
	f.Add("")
	f.Fuzz(func(t *testing.T, value string) {
		if m, ok := c.session.Parse(value); ok && c.session.Format(m) != value {
			t.Errorf("%q is genuine but not as we write it", value)
		}
	})
}

func FuzzRefreshCookie(f *testing.F) {
	c := testCookies("store", "store.test", NewKey())
	f.Add(mintPair(f, c, testRecord(), cookie.NewBranch()).refresh)
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, value string) { c.refresh.Parse(value) })
}
