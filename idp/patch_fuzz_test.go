package idp_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// FuzzPatch: whatever a patch says, it is taken or refused, and the user can be read afterwards.
func FuzzPatch(f *testing.F) {
	kinds := []string{"application/json", "application/merge-patch+json", "application/json-patch+json"}
	for _, seed := range []string{`{"user":{"data":{"a":{"b":1e400,"c":null},"d":[1,{}]}}}`, `{"user":{"data":[],"preferredLanguages":["en"]}}`, `{"user":null}`, `[]`, ``,
		`[{"op":"add","path":"/user/data/a","value":1e400},{"op":"move","from":"/user/data","path":"/user/firstName"}]`} {
		for kind := range kinds {
			f.Add(seed, uint8(kind))
		}
	}
	for _, seed := range append(nullThenTest("/user/data"), nullThenTest("/user/preferredLanguages")...) {
		f.Add(seed, uint8(2))
	}
	p := idptest.New(f, idptest.WithoutSocket())
	user := p.AddUser("ada@example.com")
	f.Fuzz(func(t *testing.T, body string, kind uint8) {
		send := func(method, body string) int {
			r := httptest.NewRequest(method, "/api/user/"+user.ID, strings.NewReader(body))
			r.Header.Set("Authorization", p.APIKey)
			r.Header.Set("Content-Type", kinds[int(kind)%len(kinds)])
			got := httptest.NewRecorder()
			p.ServeHTTP(got, r)
			return got.Code
		}
		if status := send("PATCH", body); status != 200 && status != 400 {
			t.Errorf("patch: %d", status)
		}
		if status := send("GET", ""); status != 200 {
			t.Errorf("read afterwards: %d", status)
		}
	})
}
