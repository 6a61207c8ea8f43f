package latchkey_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"
)

// SES-12, SES-13: what the store is given has no cookie, password, token or key in it.
func TestStore_hasNoSecrets(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		b := newBrowser()
		b.login(w.shop)
		var written strings.Builder
		for range 3 {
			time.Sleep(time.Hour)
			b.get(w.shop, "/api/private").ok(t, true)
			time.Sleep(5 * time.Minute)
			b.get(w.shop, "/api/private").ok(t, false)
			records, err := w.store.ByUser(t.Context(), "store", w.user.ID, 10)
			must(t, err)
			for _, rec := range records {
				encoded, err := rec.MarshalBinary()
				must(t, err)
				fmt.Fprintf(&written, "%s %+v\n", encoded, *rec)
				cookie, err := base64.RawURLEncoding.DecodeString(b.jar(w.shop)[sessionCookie])
				must(t, err)
				_, unpublished, found := bytes.Cut(cookie, rec.ID[:])
				for at := range len(unpublished) - len(rec.ID) + 1 {
					if !found || bytes.Contains(encoded, unpublished[at:at+len(rec.ID)]) {
						t.Errorf("what the session cookie has behind the id is in the store, from its byte %d on", at)
					}
				}
			}
		}
		if !strings.Contains(written.String(), "ada@example.com") {
			t.Fatal("the records are not there")
		}
		for secret := range strings.Lines(w.secrets.String()) {
			if secret = strings.TrimSpace(secret); secret != "" && strings.Contains(written.String(), secret) {
				t.Errorf("a secret is in the store: %s", secret)
			}
		}
	})
}
