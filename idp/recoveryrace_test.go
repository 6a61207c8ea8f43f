package idp_test

import (
	"net/http"
	"testing"
	"time"
)

// TestRecoveryCodesReplacedAtOnce: of two sets that are made at once, one is good.
func TestRecoveryCodesReplacedAtOnce(t *testing.T) {
	w := newWorld(t)
	enrolled(w)
	for range 10 {
		sets := make(chan string, 2)
		replace := func() answer {
			a := w.keyed("POST", "/api/user/two-factor/recovery-code/"+w.user.ID, "")
			var body struct{ RecoveryCodes []string }
			if a.status == http.StatusOK {
				a.decode(&body)
				sets <- body.RecoveryCodes[0]
			}
			return a
		}
		statuses := beside(replace, replace)
		good := 0
		for range len(sets) {
			if w.second(<-sets, nil).status == http.StatusOK {
				good++
			}
			w.clock.advance(time.Minute)
		}
		if good != 1 {
			t.Fatalf("answers %v, and %d sets are good", statuses, good)
		}
	}
}
