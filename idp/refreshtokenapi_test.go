package idp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp"
)

type refreshTokenObject struct {
	ID, ApplicationID, UserID, TenantID, Token string
	InsertInstant, StartInstant                int64
	MetaData                                   struct {
		Device struct {
			Name, Description, Type, LastAccessedAddress string
			LastAccessedInstant                          int64
		}
		Scopes []string
	}
}

// refreshToken reads one as an administrator.
func (w *world) refreshToken(id string) refreshTokenObject {
	w.t.Helper()
	var body struct{ RefreshToken refreshTokenObject }
	w.keyed("GET", "/api/jwt/refresh/"+id, "").want(http.StatusOK).decode(&body)
	return body.RefreshToken
}

// refreshTokens lists those of ada.
func (w *world) refreshTokens(header ...string) []refreshTokenObject {
	w.t.Helper()
	var body struct{ RefreshTokens []refreshTokenObject }
	w.keyed("GET", "/api/jwt/refresh?userId="+w.user.ID, "", header...).want(http.StatusOK).decode(&body)
	return body.RefreshTokens
}

func TestGetRefreshToken(t *testing.T) {
	w := newWorld(t)
	id := w.login(object{"metaData": object{"device": object{
		"name": "Fire\x00fox", "description": strings.Repeat("é", 300), "type": "BROWSER",
	}}}).want(http.StatusOK).text("refreshTokenId")
	began := w.clock.now().UnixMilli()
	w.clock.advance(time.Minute)
	next := w.refresh(w.refreshToken(id).Token).want(http.StatusOK).text("refreshToken")
	got := w.refreshToken(id)
	if got.ID != id || got.ApplicationID != w.app.ID || got.UserID != w.user.ID || got.TenantID != w.user.TenantID || got.Token != next ||
		got.InsertInstant != began || got.StartInstant != began {
		t.Errorf("%+v", got)
	}
	d := got.MetaData.Device
	if d.Name != "Firefox" || d.Description != strings.Repeat("é", 255) || d.Type != "BROWSER" || d.LastAccessedInstant != w.clock.now().UnixMilli() {
		t.Errorf("device %+v", d)
	}
	w.keyed("GET", "/api/jwt/refresh/"+uuid.NewString(), "").wantEmpty(http.StatusNotFound)
	w.keyed("GET", "/api/jwt/refresh/1", "").wantCode("[couldNotConvert]tokenId")
	w.keyed("GET", "/api/jwt/refresh", "").wantCode("[blank]userId")
	w.keyed("GET", "/api/jwt/refresh?userId=1", "").wantCode("[couldNotConvert]userId")
	w.send("GET", "/api/jwt/refresh/"+id, "", "").wantEmpty(http.StatusUnauthorized)
	w.send("GET", "/api/jwt/refresh?userId="+w.user.ID, "", "").wantEmpty(http.StatusUnauthorized)
}

func TestDeadTokensAreHidden(t *testing.T) {
	w := newWorldOf(t, idp.Application{RefreshTokenTTL: time.Hour, RefreshTokenMaxTTL: time.Hour})
	_, old := w.loggedIn()
	w.clock.advance(time.Hour - time.Millisecond)
	_, revoked := w.loggedIn()
	_, living := w.loggedIn()
	w.keyed("DELETE", "/api/jwt/refresh/"+revoked, "").wantEmpty(http.StatusOK)
	if n := len(w.refreshTokens()); n != 2 {
		t.Fatalf("%d tokens, want the old and the living", n)
	}
	w.clock.advance(time.Millisecond)
	if all := w.refreshTokens(); len(all) != 1 || all[0].ID != living {
		t.Errorf("%+v, want the living only", all)
	}
	w.keyed("GET", "/api/jwt/refresh/"+old, "").wantEmpty(http.StatusNotFound)
	w.keyed("GET", "/api/jwt/refresh/"+revoked, "").wantEmpty(http.StatusNotFound)
	if n, err := w.Sweep(t.Context()); err != nil || n != 2 {
		t.Errorf("Sweep = %d, %v, want the two dead", n, err)
	}
	w.keyed("GET", "/api/jwt/refresh/"+living, "").want(http.StatusOK)
}

func TestRevoke(t *testing.T) {
	form, asJSON := "application/x-www-form-urlencoded", "application/json"
	for _, c := range []struct {
		name        string
		query       func(w *world, token, id string) string // after /api/jwt/refresh
		contentType string
		body        func(w *world, token, id string) string
		others      int // logins of ada's that remain, of two here and one in another application
	}{
		{"by id", func(_ *world, _, id string) string { return "/" + id }, "", nil, 2},
		{"by value", func(_ *world, token, _ string) string { return "?userId=&applicationId=&token=" + token }, "", nil, 2},
		{"by user", func(w *world, _, _ string) string { return "?userId=" + w.user.ID }, "", nil, 0},
		{"by application", func(w *world, _, _ string) string { return "?applicationId=" + w.app.ID }, "", nil, 1},
		{"by user and application", func(w *world, _, _ string) string {
			return "?applicationId=" + w.app.ID + "&userId=" + strings.ToUpper(w.user.ID)
		}, "", nil, 1},
		{"value in a form", nil, form, func(_ *world, token, _ string) string { return url.Values{"token": {token}}.Encode() }, 2},
		{"value in JSON", nil, asJSON, func(_ *world, token, _ string) string {
			return object{"token": token, "eventInfo": object{}, "userId": nil}.String()
		}, 2},
		{"user in JSON", nil, asJSON, func(w *world, _, _ string) string { return object{"userId": w.user.ID}.String() }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			token, id := w.loggedIn()
			w.loggedIn()
			elsewhere := w.AddApplication(idp.Application{})
			must(t, w.Register(t.Context(), w.user.ID, elsewhere.ID))
			w.login(object{"applicationId": elsewhere.ID}).want(http.StatusOK)
			path, body := "/api/jwt/refresh", ""
			if c.query != nil {
				path += c.query(w, token, id)
			}
			if c.body != nil {
				body = c.body(w, token, id)
			}
			w.send("DELETE", path, c.contentType, body).wantEmpty(http.StatusUnauthorized)
			w.send("DELETE", path, c.contentType, body, "Authorization", w.APIKey).wantEmpty(http.StatusOK)
			if n := len(w.refreshTokens()); n != c.others {
				t.Errorf("%d logins remain, want %d", n, c.others)
			}
			w.refresh(token).wantEmpty(http.StatusNotFound)
		})
	}
}

func TestRevokeRefuses(t *testing.T) {
	w := newWorld(t)
	token, id := w.loggedIn()
	w.keyed("DELETE", "/api/jwt/refresh", "").wantCode("[blank]token")
	w.keyed("DELETE", "/api/jwt/refresh/"+uuid.NewString(), "").wantEmpty(http.StatusNotFound)
	w.keyed("DELETE", "/api/jwt/refresh/x", "").wantCode("[couldNotConvert]tokenId")
	w.keyed("DELETE", "/api/jwt/refresh?token=garbage", "").wantEmpty(http.StatusNotFound)
	w.keyed("DELETE", "/api/jwt/refresh?userId=x", "").wantCode("[couldNotConvert]userId")
	w.keyed("DELETE", "/api/jwt/refresh?userId=%zz", "").wantCode("[invalidQuery]")
	w.keyed("DELETE", "/api/jwt/refresh?token="+token, object{"token": "another"}.String()).wantCode("[duplicate]token")
	w.refresh(token).want(http.StatusOK)
	w.keyed("DELETE", "/api/jwt/refresh/"+id, "").wantEmpty(http.StatusOK)
	w.keyed("DELETE", "/api/jwt/refresh/"+id, "").wantEmpty(http.StatusNotFound)
	w.keyed("DELETE", "/api/jwt/refresh?userId="+uuid.NewString(), "").wantEmpty(http.StatusOK)
}

// TestRevokeByOwner: a JWT is good for its own user's tokens, one at a time.
func TestRevokeByOwner(t *testing.T) {
	w := newWorld(t)
	jwt := w.login(nil).want(http.StatusOK).text("token")
	token, id := w.loggedIn()
	w.AddUser("eve@example.com", w.app.ID)
	eve := w.login(object{"loginId": "eve@example.com"}).want(http.StatusOK).text("token")

	del := func(path, credential string) answer {
		return w.send("DELETE", path, "", "", "Authorization", credential)
	}
	del("/api/jwt/refresh/"+id, "Bearer "+eve).wantEmpty(http.StatusUnauthorized)
	del("/api/jwt/refresh?token="+token, "Bearer "+eve).wantEmpty(http.StatusUnauthorized)
	del("/api/jwt/refresh?userId="+w.user.ID, "Bearer "+jwt).wantEmpty(http.StatusUnauthorized)
	for _, forged := range []string{"", "x", "a.b.c", jwt[:len(jwt)-4] + "AAAA", strings.Repeat("a", 10_000)} {
		del("/api/jwt/refresh/"+id, "Bearer "+forged).wantEmpty(http.StatusUnauthorized)
	}
	del("/api/jwt/refresh/"+id, "Bearer "+jwt).wantEmpty(http.StatusOK)
	w.refresh(token).wantEmpty(http.StatusNotFound)
	token, _ = w.loggedIn()
	del("/api/jwt/refresh?token="+token, "JWT "+jwt).wantEmpty(http.StatusOK)
	_, id = w.loggedIn()
	w.clock.advance(time.Hour)
	del("/api/jwt/refresh/"+id, "Bearer "+jwt).wantEmpty(http.StatusUnauthorized)
}

func TestLogout(t *testing.T) {
	for _, c := range []struct {
		name                    string
		path, contentType, body string // TOKEN stands for the value
		others                  int    // of three logins
	}{
		{"query", "/api/logout?refreshToken=TOKEN&global=", "text/plain", "", 2},
		{"query, no type", "/api/logout?refreshToken=TOKEN", "", "", 2},
		{"JSON", "/api/logout", "application/json", `{"refreshToken":"TOKEN","global":false,"eventInfo":{}}`, 2},
		{"form", "/api/logout", "application/x-www-form-urlencoded", "refreshToken=TOKEN", 2},
		{"global query", "/api/logout?global=true&refreshToken=TOKEN", "text/plain", "", 0},
		{"global JSON", "/api/logout", "application/json", `{"refreshToken":"TOKEN","global":true}`, 0},
		{"global without a token", "/api/logout?global=true", "", "", 3},
		{"nothing", "/api/logout", "", "", 3},
		{"garbage", "/api/logout?refreshToken=garbage", "", "", 3},
		{"bad query", "/api/logout?refreshToken=%zz", "", "", 3},
		{"bad JSON", "/api/logout", "application/json", `{"refreshToken":`, 3},
		{"another type", "/api/logout", "text/plain", "TOKEN", 3},
		{"two tokens", "/api/logout?refreshToken=TOKEN&refreshToken=x", "", "", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			token, _ := w.loggedIn()
			w.loggedIn()
			w.loggedIn()
			fill := strings.NewReplacer("TOKEN", token).Replace
			w.send("POST", fill(c.path), c.contentType, fill(c.body)).wantEmpty(http.StatusOK)
			if n := len(w.refreshTokens()); n != c.others {
				t.Errorf("%d logins remain, want %d", n, c.others)
			}
		})
	}
}

// TestLogoutBySpentToken: the successor may never have arrived, so any token
// of the line ends its login; but only a good one ends the others.
func TestLogoutBySpentToken(t *testing.T) {
	w := newWorld(t)
	first, _ := w.loggedIn()
	w.loggedIn()
	second := w.refresh(first).want(http.StatusOK).text("refreshToken")
	w.refresh(second).want(http.StatusOK)
	w.send("POST", "/api/logout?global=true&refreshToken="+first, "", "").wantEmpty(http.StatusOK)
	if n := len(w.refreshTokens()); n != 1 {
		t.Errorf("%d logins remain, want 1", n)
	}
}
