package latchkey

import (
	"bytes"
	"testing"
	"time"
)

// FuzzParseEnds: what is taken is written again as it was.
func FuzzParseEnds(f *testing.F) {
	now := time.UnixMilli(1_790_000_000_123).UTC()
	rec := &Record{ID: newID(), Version: 3, App: "store", User: User{ID: "ada"}, RefreshTokenID: "<r1>", EndedAt: now, EndReason: EndLogout, Unrevoked: true}
	whole, err := formatEnds("store", []pendingEnd{{tombstone: rec, tokens: []string{"<r1>", "r2"}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(bytes.Replace(whole, []byte(`"version":1`), []byte(`"version":2`), 1))
	f.Add([]byte(`{"version":1,"app":"store","sha256":"74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b","ends":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		ends, err := parseEnds(text, "store")
		if err != nil {
			return
		}
		again, err := formatEnds("store", ends)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseEnds(again, "store"); err != nil {
			t.Errorf("%s: %v", again, err)
		}
	})
}
