package latchkey_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/memstore"
)

// THR-05: attempts are counted before the password is looked at, and yet many users of one address who log in at the same time need not wait.
func TestTHR05_OneAddressForMany(t *testing.T) {
	guard, err := latchkey.New(latchkey.Config{
		Origin: "https://store.example.com", Provider: instant{}, Store: memstore.New(), Keys: latchkey.KeyRing{latchkey.NewKey()}, Logger: discard,
	})
	must(t, err)
	defer guard.Close(context.Background())
	var all sync.WaitGroup
	for worker := range 16 { // fewer at once than an address may fail
		all.Go(func() {
			for i := range 300 {
				login := httptest.NewRequest("POST", "/api/login", strings.NewReader(fmt.Sprintf(`{"email":"ada.%d.%d@example.com","password":"any"}`, worker, i)))
				login.Header.Set("Content-Type", "application/json")
				answer := httptest.NewRecorder()
				guard.ServeLogin(answer, login)
				if answer.Code != http.StatusOK {
					t.Errorf("login %d of %d: %d %s", i, worker, answer.Code, answer.Body)
					return
				}
			}
		})
	}
	all.Wait()
}
