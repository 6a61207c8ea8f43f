// The race detector has seen imports of a few users.

//go:build !race

package idp_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The largest import is stored at once, on each database, and raises its events.
func TestImportOfTheMost(t *testing.T) {
	w := newWorld(t)
	var text strings.Builder
	text.WriteString(`{"users":[`)
	for i := range 10_000 {
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, `{"email":"user%d@example.com","encryptionScheme":"salted-md5","factor":1,"salt":"","password":"X03MO1qnZdYdgyfeuILPmQ==","registrations":[{"applicationId":%q}]}`, i, w.app.ID)
	}
	text.WriteString("]}")
	began := time.Now()
	n, err := w.ImportUsers(t.Context(), []byte(text.String()))
	if n != 10_000 || err != nil {
		t.Fatal(n, err)
	}
	t.Logf("%d users in %v", n, time.Since(began).Round(time.Millisecond))
	w.login(object{"loginId": "user9999@example.com", "password": "password"}).want(http.StatusOK)
}
