package idp_test

import (
	"bytes"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp"
)

// TestImportOfTooMany: too many users are counted, and not first made objects of, which take a hundred times the room of "{}".
func TestImportOfTooMany(t *testing.T) {
	w := newWorld(t)
	const size = 4 << 20
	text := append([]byte(`{"note":[{}],"users":[{}`), bytes.Repeat([]byte(",{}"), size/3)...)
	text = append(text, "]}"...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := w.ImportUsers(t.Context(), text)
	runtime.ReadMemStats(&after)
	wrong, _ := err.(idp.ValidationError)
	if len(wrong) != 1 || wrong[0].Code() != "[invalid]users" {
		t.Errorf("%v", err)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 4*size {
		t.Errorf("%d MiB of users took %d MiB", size>>20, took>>20)
	}
}

// As many as there may be come in at once, on each database, and tell of it.
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
