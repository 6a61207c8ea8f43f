package latchkey

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

var epoch = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

func testCookies(app, host string, ring ...Key) *cookies {
	return &cookies{session: newSessionMAC(ring, app, host), refresh: newRefreshSealer(ring, app, host), sameSite: http.SameSiteStrictMode}
}

func testRecord() *Record {
	return &Record{
		ID: newID(), Generation: 3, User: User{ID: "u1"}, RefreshTokenID: "r1", Persistent: true,
		CreatedAt: epoch, Deadline: epoch.Add(90 * 24 * time.Hour), RefreshExpiresAt: epoch.Add(30 * 24 * time.Hour),
	}
}

func mintPair(t testing.TB, c *cookies, rec *Record, b branch) *cookiePair {
	t.Helper()
	pair, err := c.make(rec, b, "provider-token", "", epoch)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func TestCookies_roundTrip(t *testing.T) {
	c := testCookies("store", "store.test", NewKey())
	rec, b := testRecord(), newBranch()
	rec.Device.PublicKey = []byte{1, 2, 3}
	pair := mintPair(t, c, rec, b)

	m, ok := c.session.parse(pair.session)
	if !ok || m.id != rec.ID || m.generation != 3 || m.branch != b || !m.mintedAt.Equal(epoch) {
		t.Errorf("session cookie: %+v, %v", m, ok)
	}
	r, ok := c.refresh.parse(pair.refresh)
	if !ok || !r.mark.same(m) || !r.mintedAt.Equal(epoch) || r.userID != "u1" || !r.createdAt.Equal(rec.CreatedAt) || !r.deadline.Equal(rec.Deadline) ||
		r.token != "provider-token" || r.tokenID != "r1" || !bytes.Equal(r.publicKey, []byte{1, 2, 3}) || !r.persistent {
		t.Errorf("refresh cookie: %+v, %v", r, ok)
	}
}

func TestCKE14_CookiesAreOpaque(t *testing.T) {
	c := testCookies("store", "store.test", NewKey())
	pair := mintPair(t, c, testRecord(), newBranch())
	raw, err := base64.RawURLEncoding.DecodeString(pair.refresh)
	if err != nil || bytes.Contains(raw, []byte("provider-token")) || bytes.Contains(raw, []byte("u1\x00")) {
		t.Errorf("the refresh cookie shows what is in it: %v", err)
	}
	if again := mintPair(t, c, testRecord(), newBranch()); len(again.session) != len(pair.session) || again.session == pair.session {
		t.Error("session cookies differ in length, or not at all")
	}
}

// ARC-05, CKE-15: a cookie of another key, app, host, session or name, or with one bit or
// character changed, is refused.
func TestARC05_ForgedCookiesAreRefused(t *testing.T) {
	key := NewKey()
	c := testCookies("store", "store.test", key)
	rec, b := testRecord(), newBranch()
	pair := mintPair(t, c, rec, b)

	genuine := func(c *cookies, session, refresh string) (bool, bool) {
		_, s := c.session.parse(session)
		_, r := c.refresh.parse(refresh)
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
	flipBits(t, pair.session, func(v string) bool { _, ok := c.session.parse(v); return ok })
	flipBits(t, pair.refresh, func(v string) bool { _, ok := c.refresh.parse(v); return ok })

	foreign := testRecord()
	moved := append(foreign.ID[:], rawOf(t, pair.refresh)[16:]...)
	if _, ok := c.refresh.parse(cookieEncoding.EncodeToString(moved)); ok {
		t.Error("a refresh cookie works for another session")
	}
}

func rawOf(t *testing.T, value string) []byte {
	t.Helper()
	raw, err := cookieEncoding.DecodeString(value)
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
		if genuine(cookieEncoding.EncodeToString(raw)) {
			t.Errorf("genuine with bit %d of byte %d flipped", bit%8, bit/8)
		}
		raw[bit/8] ^= 1 << (bit % 8)
	}
}

func TestKEY03_KeysRotate(t *testing.T) {
	before, after := NewKey(), NewKey()
	pair := mintPair(t, testCookies("store", "store.test", before), testRecord(), newBranch())
	for name, c := range map[string]struct {
		ring KeyRing
		want bool
	}{
		"old key only": {KeyRing{before}, true}, "new key in front": {KeyRing{after, before}, true}, "old key gone": {KeyRing{after}, false},
	} {
		cookies := testCookies("store", "store.test", c.ring...)
		_, s := cookies.session.parse(pair.session)
		_, r := cookies.refresh.parse(pair.refresh)
		if s != c.want || r != c.want {
			t.Errorf("%s: session %v, refresh %v", name, s, r)
		}
		renewed := mintPair(t, cookies, testRecord(), newBranch())
		if _, ok := testCookies("store", "store.test", c.ring[0]).session.parse(renewed.session); !ok {
			t.Errorf("%s: new cookies are not made with the first key", name)
		}
	}
}

func TestCKE12_TooLargeIsRefusedNotEmitted(t *testing.T) {
	c := testCookies("store", "store.test", NewKey())
	fits := func(n int) bool {
		pair, err := c.make(testRecord(), newBranch(), Secret(strings.Repeat("x", n)), "", epoch)
		return err == nil && len(refreshCookieName)+len(pair.refresh) <= maxCookie
	}
	if !fits(2500) || fits(4096) {
		t.Error("the limit is not 4096 bytes of name and value")
	}
}

func TestCKE01to05_Attributes(t *testing.T) {
	c := testCookies("store", "store.test", NewKey())
	rec := testRecord()
	w := httptest.NewRecorder()
	c.set(w, mintPair(t, c, rec, newBranch()))
	rec.Persistent = false
	c.set(w, mintPair(t, c, rec, newBranch()))
	c.clear(w)
	const attributes = "; HttpOnly; Secure; SameSite=Strict"
	for i, want := range []string{
		sessionCookieName + "=*; Path=/" + attributes, refreshCookieName + "=*; Path=/; Max-Age=2592000" + attributes,
		sessionCookieName + "=*; Path=/" + attributes, refreshCookieName + "=*; Path=/" + attributes,
		sessionCookieName + "=; Path=/; Max-Age=0" + attributes, refreshCookieName + "=; Path=/; Max-Age=0" + attributes,
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
		session, refresh := cookieValue(h, sessionCookieName), cookieValue(h, refreshCookieName)
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
		session, refresh := cookieValue(h, sessionCookieName), cookieValue(h, refreshCookieName)
		for name, value := range map[string]string{sessionCookieName: session, refreshCookieName: refresh} {
			if value != "" && strings.Count(line, name+"="+value) == 0 {
				t.Errorf("%q: %s=%q is not there", line, name, value)
			}
		}
	})
}

func FuzzSessionCookie(f *testing.F) {
	c := testCookies("store", "store.test", NewKey(), NewKey())
	f.Add(mintPair(f, c, testRecord(), newBranch()).session)
	f.Add("")
	f.Fuzz(func(t *testing.T, value string) {
		if m, ok := c.session.parse(value); ok && c.session.format(m) != value {
			t.Errorf("%q is genuine but not as we write it", value)
		}
	})
}

func FuzzRefreshCookie(f *testing.F) {
	c := testCookies("store", "store.test", NewKey())
	f.Add(mintPair(f, c, testRecord(), newBranch()).refresh)
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, value string) { c.refresh.parse(value) })
}

// What is inside the box was ours once, but an older or newer program may have written it.
func FuzzRefreshContent(f *testing.F) {
	c := testCookies("store", "store.test", NewKey())
	f.Add([]byte{1, 1, 0, 0, 0, 3})
	f.Add([]byte{})
	f.Add(refreshLayout.Append([]byte{refreshContentVersion}, &refreshContent{userID: "u1", token: "secret", unknown: "\x2e\x00"}, "\x2e\x00"))
	f.Fuzz(func(t *testing.T, plain []byte) {
		content, ok := parseRefreshContent(ID{1}, plain)
		if !ok {
			return
		}
		again, ok := c.refresh.parse(c.refresh.format(content))
		if len(plain) < maxCookie/2 && (!ok || !reflect.DeepEqual(again, content)) {
			t.Errorf("the content changes when it is written again:\n%+v\n%+v", content, again)
		}
		if plain[0] == refreshContentVersion && !bytes.Equal(refreshLayout.Append([]byte{refreshContentVersion}, &content, content.unknown), plain) {
			t.Errorf("%x is not written again as it was", plain)
		}
	})
}
