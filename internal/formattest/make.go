package formattest

import (
	"crypto/sha256"
	"encoding/base64"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

// Make begins, refreshes and ends sessions in an empty store, and returns the result.
func Make(t *testing.T, store latchkey.Store) *Samples {
	began := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	s := &Samples{
		Origin: "https://store.example.com", App: "store", Now: began, Keys: latchkey.NewKey().Reveal() + "\n",
		Records: make(map[string][]byte), Fields: make(map[string]*latchkey.Record), Cookies: make(map[string]Cookies),
		Devices: make(map[string]Device),
	}
	w := newWorld(t, s, store)
	w.config.EndsFile = filepath.Join(t.TempDir(), "ends")
	w.provider.away = true
	w.start()
	browsers := make(map[string]*dbsctest.Browser)
	login := func(name string) {
		browsers[name] = w.browser(&Cookies{})
		if status, body := w.request(browsers[name], "POST", "/api/login", `{"email":"`+name+`@example.com","password":"any","remember":true}`); status != 200 {
			t.Fatalf("login: %d %s", status, body)
		}
	}
	use := func(name string) {
		if status, body := w.request(browsers[name], "GET", "/private", ""); status != 200 {
			t.Fatalf("%s: %d %s", name, status, body)
		}
	}
	keep := func(name string) {
		s.Cookies[name] = *browsers[name].Jar.(*Cookies)
		raw, err := base64.RawURLEncoding.DecodeString(s.Cookies[name].Session)
		if err != nil {
			t.Fatal(err)
		}
		s.add(t, name, store, latchkey.ID(raw[5:21]))
	}
	login(Cut)
	w.advance(time.Second)
	if err := w.guard.EndAppSessions(t.Context(), w.now(), latchkey.EndRevokedByAdmin); err != nil {
		t.Fatal(err)
	}
	w.advance(time.Second)
	login(Live)
	login(Claimed)
	login(Ended)
	w.advance(2 * time.Minute)
	use(Live)
	use(Claimed)
	w.advance(2 * time.Hour)
	use(Live)
	w.provider.refreshed = func() { keep(Claimed) }
	use(Claimed)
	w.provider.refreshed = nil
	for _, name := range []string{Bound, Registered} {
		login(name)
		browsers[name].RunDue(t.Context()) // it registers a key
	}
	use(Bound)
	browsers[Bound].RunDue(t.Context()) // it proves the key
	w.advance(2 * time.Minute)
	use(Live)
	use(Bound)
	ended := *browsers[Ended].Jar.(*Cookies)
	w.request(browsers[Ended], "POST", "/api/logout", "")
	browsers[Ended].Jar = &ended
	for _, name := range []string{Cut, Live, Ended, Bound, Registered} {
		keep(name)
	}
	for _, name := range []string{Bound, Registered} {
		s.Devices[name] = deviceOf(t, browsers[name])
	}
	cutoff := sha256.Sum256([]byte("latchkey: all sessions end\x00" + s.App))
	s.add(t, Cutoff, store, latchkey.ID(cutoff[:16]))
	w.stop()
	ends, err := os.ReadFile(w.config.EndsFile)
	if err != nil {
		t.Fatal(err)
	}
	s.Ends, s.Now = string(ends), w.now()
	return s
}

// add adds a record of a store.
func (s *Samples) add(t *testing.T, name string, store latchkey.Store, id latchkey.ID) {
	t.Helper()
	rec, err := store.Get(t.Context(), id)
	if err == nil {
		s.Records[name], err = rec.MarshalBinary()
		s.Fields[name] = s.Record(t, name)
	}
	if err != nil {
		t.Fatal(err)
	}
}
