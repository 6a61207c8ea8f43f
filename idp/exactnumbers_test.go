package idp_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp"
)

// The numbers of an application's data are kept as they were written, whatever a float64 can hold.
func TestData_keepsNumbersExact(t *testing.T) {
	w := newWorld(t)
	const a, b = `"a":9007199254740993`, `"b":{"c":[18446744073709551617,1e400,0.10]}`
	path := "/api/user/" + w.user.ID
	w.keyed("PATCH", path, `{"user":{"data":{`+a+`,`+b+`}}}`).want(200)
	for _, got := range []answer{
		w.keyed("PATCH", path, `{"user":{"firstName":"Ada"}}`),
		w.send("PATCH", path, "application/merge-patch+json", `{"user":{"data":{"d":1e400}}}`, "Authorization", w.APIKey),
		w.send("PATCH", path, "application/json-patch+json", `[{"op":"test","path":"/user/data/a","value":9007199254740993},{"op":"add","path":"/user/data/e","value":1e400}]`, "Authorization", w.APIKey),
		w.keyed("GET", path, ""),
	} {
		if !strings.Contains(got.body, a) || !strings.Contains(got.body, b) {
			t.Errorf("%s", got.body)
		}
	}
	w.keyed("PUT", path, `{"user":{"email":"ada@example.com"}}`).want(200)
	if got := w.keyed("GET", path, ""); !strings.Contains(got.body, `"data":{}`) {
		t.Errorf("without data: %s", got.body)
	}
}

// TestPatchOfOddLifetimes: FusionAuth counts minutes; what a patch does not name stays to the
// second.
func TestPatchOfOddLifetimes(t *testing.T) {
	w := newWorldOf(t, idp.Application{RefreshTokenTTL: 45 * time.Second, RefreshTokenMaxTTL: 90 * time.Second})
	path := "/api/application/" + w.app.ID
	token, _ := w.loggedIn()
	w.keyed("PATCH", path, `{"application":{"name":"Shop"}}`).app()
	w.clock.advance(46 * time.Second)
	w.refresh(token).wantEmpty(404)
	token, _ = w.loggedIn()
	w.clock.advance(44 * time.Second)
	w.refresh(token).want(200)

	patched := w.keyed("PATCH", path, `{"application":{"jwtConfiguration":{"refreshTokenTimeToLiveInMinutes":1}}}`).app().Application
	if patched.JWTConfiguration.RefreshTokenTimeToLiveInMinutes != 1 {
		t.Errorf("patched %+v", patched)
	}
	token, _ = w.loggedIn()
	w.clock.advance(59 * time.Second)
	w.refresh(token).want(200)
}
