package idp_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/idp"
)

// TestRemoveAPIKey: a key that was taken back is worth nothing at the next call; the others stay.
func TestRemoveAPIKey(t *testing.T) {
	w := newWorld(t)
	lost := strings.Repeat("l", 40)
	must(t, w.EnsureAPIKey(t.Context(), idp.APIKey{Key: lost}))
	w.keyed("GET", "/api/application", "", "Authorization", lost).want(http.StatusOK)
	must(t, w.RemoveAPIKey(t.Context(), lost))
	w.keyed("GET", "/api/application", "", "Authorization", lost).wantEmpty(http.StatusUnauthorized)
	w.keyed("GET", "/api/application", "").want(http.StatusOK)
	if err := w.RemoveAPIKey(t.Context(), lost); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("a key that is not known: %v", err)
	}
}
