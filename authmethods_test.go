package latchkey_test

import (
	"slices"
	"testing"
	"time"
)

// The record says when and how the user logged in, and a refresh changes neither.
func TestLogin_methods(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		began := time.Now()
		b := newBrowser()
		b.login(w.shop)
		for range 2 {
			records, err := w.store.ByUser(t.Context(), "store", w.user.ID, 10)
			must(t, err)
			if rec := records[0]; !rec.AuthenticatedAt.Equal(began) || !slices.Equal(rec.AuthMethods, []string{"pwd"}) {
				t.Errorf("logged in at %v by %q", rec.AuthenticatedAt, rec.AuthMethods)
			}
			time.Sleep(2 * time.Hour)
			b.get(w.shop, "/api/private").ok(t, true)
		}
	})
}
