package latchkey

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/internal/cookie"
)

// No two accounts of a provider share the account name in the device cookie: otherwise the owner of
// one would get a bucket of their own at the other.
func TestDeviceCookie_ofOneAccountOnly(t *testing.T) {
	browsers := &knownBrowsers{app: "store"}
	for _, other := range []string{"ıda@example.com", "İda@example.com", "ａda@example.com", "i\u0307da@example.com"} {
		if browsers.account(other) == browsers.account("ida@example.com") || browsers.account(other) == browsers.account("ada@example.com") {
			t.Errorf("%s", other)
		}
	}
	if browsers.account("Ida@Example.com") != browsers.account("ida@example.com") || browsers.account("ÉMILE@example.com") != browsers.account("émile@example.com") {
		t.Error("case counts")
	}
}

// The memory of changes is bounded. What goes first is old.
func TestPasswordChanges_areBounded(t *testing.T) {
	var p passwordChanges
	user := func(i int) (u digest16) {
		binary.BigEndian.PutUint64(u[:], uint64(i))
		return u
	}
	const n = 3 * maxPasswordChanges / 2
	for i := range n {
		p.note(user(i), epoch.Add(time.Duration(i)*time.Second))
	}
	if len(p.at) != maxPasswordChanges {
		t.Errorf("%d are kept", len(p.at))
	}
	kept := 0
	for i := n - 1000; i < n; i++ {
		if p.changedAfter(user(i), epoch) {
			kept++
		}
	}
	if kept < 990 {
		t.Errorf("of the newest 1000, %d are kept", kept)
	}
	p.note(user(n-1), epoch) // an older piece of news
	if !p.changedAfter(user(n-1), epoch) {
		t.Error("news of an older change made a newer one forgotten")
	}
}

// A device cookie of every version is read: it keeps a browser known for half a year.
func TestFormats_deviceCookie(t *testing.T) {
	for _, version := range []string{"v1", "v2"} {
		text, err := os.ReadFile("testdata/formats/" + version + "/samples.json")
		if err != nil {
			t.Fatal(err)
		}
		var s struct {
			Keys, App string
			Cookies   map[string]struct{ Device string }
		}
		if err := json.Unmarshal(text, &s); err != nil {
			t.Fatal(err)
		}
		ring, err := ParseKeys(s.Keys)
		if err != nil {
			t.Fatal(err)
		}
		c, genuine := cookie.NewDevices(ring.cookieKeys(), s.App, "store.example.com").Parse(s.Cookies["live"].Device)
		if !genuine || c.User != digestOf(s.App, "user", "user-live") {
			t.Errorf("%s: %+v, %v", version, c, genuine)
		}
	}
}
