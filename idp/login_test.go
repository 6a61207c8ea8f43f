package idp_test

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

func TestLogin(t *testing.T) {
	w := newWorld(t)
	a := w.login(object{
		// What FusionAuth's Go client sends even when nobody asked for it.
		"eventInfo": object{"location": object{}}, "metaData": object{"device": object{}}, "newDevice": false, "noJWT": false,
		"loginIdTypes": nil, "aFieldOfTomorrow": []int{1},
	}).want(http.StatusOK)
	var body struct {
		Token                        string
		TokenExpirationInstant       int64
		RefreshToken, RefreshTokenID string
		User                         struct {
			ID, Email, TenantID string
			Active, Verified    bool
			LastLoginInstant    int64
			Registrations       []struct {
				ApplicationID string
				Roles         []string
			}
		}
	}
	a.decode(&body)
	if want := w.clock.now().Add(time.Hour).UnixMilli(); body.TokenExpirationInstant != want {
		t.Errorf("tokenExpirationInstant %d, want %d", body.TokenExpirationInstant, want)
	}
	if body.Token == "" || body.RefreshToken == "" || uuid.Validate(body.RefreshTokenID) != nil {
		t.Errorf("tokens missing: %s", a.body)
	}
	u := body.User
	if u.ID != w.user.ID || u.Email != "ada@example.com" || u.TenantID != w.user.TenantID || !u.Active || !u.Verified || u.LastLoginInstant != w.clock.now().UnixMilli() {
		t.Errorf("user %+v", u)
	}
	if len(u.Registrations) != 1 || u.Registrations[0].ApplicationID != w.app.ID || !slices.Equal(u.Registrations[0].Roles, []string{"user"}) {
		t.Errorf("registrations %+v", u.Registrations)
	}
	if strings.Contains(a.body, "argon2") || strings.Contains(a.body, idptest.Password) {
		t.Error("the answer has the password or its hash")
	}
}

func TestLoginStatus(t *testing.T) {
	set := func(do func(*world) error) func(*world) {
		return func(w *world) { must(w.t, do(w)) }
	}
	gate := func(w *world) {
		must(w.t, w.EnsureTenant(w.t.Context(), idp.Tenant{Name: "Default", UnverifiedBehavior: idp.UnverifiedGated}))
		must(w.t, w.SetUserVerified(w.t.Context(), w.user.ID, false))
	}
	deactivate := set(func(w *world) error { return w.SetUserActive(w.t.Context(), w.user.ID, false) })
	for _, c := range []struct {
		name    string
		arrange func(*world)
		change  object
		want    int
		members []string // of the body
	}{
		{"right", nil, nil, 200, []string{"refreshToken", "refreshTokenId", "token", "tokenExpirationInstant", "user"}},
		{"by username in another case", nil, object{"loginId": "CRONA"}, 200, []string{"refreshToken", "refreshTokenId", "token", "tokenExpirationInstant", "user"}},
		{"by e-mail address in another case", nil, object{"loginId": "ADA@Example.COM"}, 200, []string{"refreshToken", "refreshTokenId", "token", "tokenExpirationInstant", "user"}},
		{"no application", nil, object{"applicationId": nil}, 200, []string{"token", "tokenExpirationInstant", "user"}},
		{"an empty application id", nil, object{"applicationId": ""}, 200, []string{"token", "tokenExpirationInstant", "user"}},
		{"noJWT", nil, object{"noJWT": true}, 200, []string{"user"}},
		{"no refresh tokens configured", set(func(w *world) error {
			return w.EnsureApplication(w.t.Context(), idp.Application{ID: w.app.ID, Name: "x"})
		}), nil, 200, []string{"token", "tokenExpirationInstant", "user"}},
		{"not registered", set(func(w *world) error { return w.Unregister(w.t.Context(), w.user.ID, w.app.ID) }), nil, 202,
			[]string{"token", "tokenExpirationInstant", "user"}},
		{"password change required", set(func(w *world) error {
			return w.RequirePasswordChange(w.t.Context(), w.user.ID, idp.ChangeBreached)
		}), nil, 203, []string{"changePasswordId", "changePasswordReason"}},
		{"not verified, allowed", set(func(w *world) error { return w.SetUserVerified(w.t.Context(), w.user.ID, false) }), nil, 200,
			[]string{"refreshToken", "refreshTokenId", "token", "tokenExpirationInstant", "user"}},
		{"not verified, gated", gate, nil, 212, []string{"user"}},
		{"wrong password", nil, object{"password": "correct horse batterY"}, 404, nil},
		{"unknown", nil, object{"loginId": "bob@example.com"}, 404, nil},
		{"not that type of login id", nil, object{"loginIdTypes": []string{"username"}}, 404, nil},
		{"a telephone number matches nobody", nil, object{"loginIdTypes": []string{"phoneNumber"}}, 404, nil},
		{"expired", set(func(w *world) error { return w.SetUserExpiry(w.t.Context(), w.user.ID, w.clock.now()) }), nil, 410, nil},
		{"not yet expired", set(func(w *world) error {
			return w.SetUserExpiry(w.t.Context(), w.user.ID, w.clock.now().Add(time.Millisecond))
		}), nil, 200,
			[]string{"refreshToken", "refreshTokenId", "token", "tokenExpirationInstant", "user"}},
		{"deactivated", deactivate, nil, 423, nil},
		{"deactivated, wrong password", deactivate, object{"password": "wrong"}, 404, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			_, err := w.CreateUser(t.Context(), idp.NewUser{Username: "Crona", Password: idptest.Password})
			must(t, err)
			crona, err := w.UserByLoginID(t.Context(), "crona")
			must(t, err)
			must(t, w.Register(t.Context(), crona.ID, w.app.ID))
			if c.arrange != nil {
				c.arrange(w)
			}
			a := w.login(c.change).want(c.want)
			if c.members == nil {
				a.wantEmpty(c.want)
				return
			}
			var body map[string]any
			a.decode(&body)
			var members []string
			for name := range body {
				members = append(members, name)
			}
			slices.Sort(members)
			if !slices.Equal(members, c.members) {
				t.Errorf("members %v, want %v", members, c.members)
			}
		})
	}
}

func TestLoginBadRequest(t *testing.T) {
	w := newWorld(t)
	must(t, w.EnsureApplication(t.Context(), idp.Application{ID: "00000000-0000-4000-8000-00000000000a", Name: "off"}))
	must(t, w.SetApplicationActive(t.Context(), "00000000-0000-4000-8000-00000000000A", false))
	for _, c := range []struct {
		name   string
		change object
		code   string
	}{
		{"no login id", object{"loginId": ""}, "[blank]loginId"},
		{"no password", object{"password": nil}, "[blank]password"},
		{"application id is no UUID", object{"applicationId": "store"}, "[couldNotConvert]applicationId"},
		{"a UUID in another spelling", object{"applicationId": "{" + w.app.ID + "}"}, "[couldNotConvert]applicationId"},
		{"unknown application", object{"applicationId": uuid.NewString()}, "[invalid]applicationId"},
		{"inactive application", object{"applicationId": "00000000-0000-4000-8000-00000000000a"}, "[invalid]applicationId"},
		{"unknown type of login id", object{"loginIdTypes": []string{"shoeSize"}}, "[invalid]loginIdTypes"},
		{"wrong type of value", object{"password": 1}, "[invalidJSON]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.login(c.change).wantCode(c.code)
		})
	}
	w.keyed("POST", "/api/login", "").want(http.StatusBadRequest)
}

// TestLGN07_StrictJSON: what two parsers could read in two ways is refused.
func TestLGN07_StrictJSON(t *testing.T) {
	w := newWorld(t)
	good := object{"loginId": "ada@example.com", "password": idptest.Password}.String()
	w.keyed("POST", "/api/login", " "+good+"\n").want(http.StatusOK)
	for name, body := range map[string]string{
		"repeated name":  strings.Replace(good, "{", `{"password":"x",`, 1),
		"trailing data":  good + "{}",
		"two objects":    good + good,
		"not an object":  `["loginId"]`,
		"invalid UTF-8":  strings.Replace(good, "ada", "a\xffda", 1),
		"lone surrogate": strings.Replace(good, "ada", `a\ud800da`, 1),
		"cut off":        good[:len(good)-2],
		"too large":      good + strings.Repeat(" ", 64<<10),
		"too deep":       strings.Replace(good, "{", `{"data":`+strings.Repeat("[", 40)+strings.Repeat("]", 40)+`,`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			a := w.keyed("POST", "/api/login", body).want(http.StatusBadRequest)
			if strings.Contains(a.body, idptest.Password) {
				t.Error("the answer quotes the password")
			}
		})
	}
	t.Run("names differ by case", func(t *testing.T) {
		w.keyed("POST", "/api/login", strings.Replace(good, "password", "Password", 1)).wantCode("[blank]password")
	})
	t.Run("another media type", func(t *testing.T) {
		w.send("POST", "/api/login", "text/plain", good, "Authorization", w.APIKey).wantEmpty(http.StatusUnsupportedMediaType)
	})
	t.Run("compressed", func(t *testing.T) {
		w.keyed("POST", "/api/login", good, "Content-Encoding", "gzip").wantEmpty(http.StatusUnsupportedMediaType)
	})
}

// TestLGN03_SameAnswer: who does not know the password learns nothing.
func TestLGN03_SameAnswer(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	must(t, w.EnsureTenant(ctx, idp.Tenant{Name: "Default", UnverifiedBehavior: idp.UnverifiedGated}))
	for name, arrange := range map[string]func(id string) error{
		"active":     func(string) error { return nil },
		"locked":     func(id string) error { return w.SetUserActive(ctx, id, false) },
		"unverified": func(id string) error { return w.SetUserVerified(ctx, id, false) },
		"must":       func(id string) error { return w.RequirePasswordChange(ctx, id, idp.ChangeExpired) },
		"expired":    func(id string) error { return w.SetUserExpiry(ctx, id, w.clock.now()) },
		"elsewhere":  func(id string) error { return w.Unregister(ctx, id, w.app.ID) },
	} {
		u := w.AddUser(name+"@example.com", w.app.ID)
		must(t, arrange(u.ID))
	}
	unknown := w.login(object{"loginId": "nobody@example.com", "password": "wrong"}).wantEmpty(http.StatusNotFound)
	for _, c := range []object{
		{"loginId": "active@example.com"}, {"loginId": "locked@example.com"}, {"loginId": "unverified@example.com"}, {"loginId": "must@example.com"},
		{"loginId": "expired@example.com"}, {"loginId": "elsewhere@example.com"},
		{"loginId": "active@example.com", "password": strings.Repeat("long", 1000)},
		{"loginId": "active@example.com\x00"}, {"loginId": strings.Repeat("a", 1000)}, {"loginId": "' OR 1=1 --"},
	} {
		if c["password"] == nil {
			c["password"] = "wrong"
		}
		a := w.login(c)
		if a.status != unknown.status || a.body != unknown.body || !reflect.DeepEqual(a.header, unknown.header) {
			t.Errorf("%v: %d %v %q, want %d %v %q", c, a.status, a.header, a.body, unknown.status, unknown.header, unknown.body)
		}
	}
}

// TestLGN05_PasswordsAreNotChanged but for NFC.
func TestLGN05_PasswordsAreNotChanged(t *testing.T) {
	for name, c := range map[string]struct{ set, same, other string }{
		"spaces":   {"  fifteen and more  ", "  fifteen and more  ", "fifteen and more"},
		"controls": {"fifteen\x01\t\r\nand more", "fifteen\x01\t\r\nand more", "fifteen"},
		"case":     {"Fifteen and More", "Fifteen and More", "fifteen and more"},
		"escapes":  {"fifteen%00&lt;+more", "fifteen%00&lt;+more", "fifteen\x00<+more"},
		"emoji":    {"to the moon " + strings.Repeat("👩‍🚀", 20), "to the moon " + strings.Repeat("👩‍🚀", 20), "to the moon " + strings.Repeat("👩‍🚀", 19)},
		"long":     {"as long as " + strings.Repeat("x", 200) + "1", "as long as " + strings.Repeat("x", 200) + "1", "as long as " + strings.Repeat("x", 200) + "2"},
		"NFC":      {"cafe\u0301 au lait, bien chaud", "caf\u00e9 au lait, bien chaud", "cafe au lait, bien chaud"},
		"not NFKC": {"ﬁfteen and more of them", "ﬁfteen and more of them", "fifteen and more of them"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			must(t, w.SetPassword(t.Context(), w.user.ID, c.set))
			w.login(object{"password": c.set}).want(http.StatusOK)
			w.login(object{"password": c.same}).want(http.StatusOK)
			w.login(object{"password": c.other}).want(http.StatusNotFound)
		})
	}
}

// TestLGN06_OneAccountForOneName: spellings that compare equal are one account.
func TestLGN06_OneAccountForOneName(t *testing.T) {
	w := newWorld(t)
	for _, pair := range [][2]string{
		{"kelvin@example.com", "\u212aelvin@example.com"},        // the Kelvin sign
		{"wide@example.com", "ｗｉｄｅ@example.com"},                 // full width
		{"rené@example.com", "rene\u0301@EXAMPLE.com"},           // combining accent
		{"strasse@example.com", "straße@example.com"},            // full folding
		{"όσος@example.com", "ΌΣΟΣ@example.com"},                 // final sigma
		{"office@example.com", "o\ufb03ce@example.com"},          // ligature
		{"\u01c6@example.com", "\u01c4@example.com"},             // digraph
		{"\u1e9bs@example.com", "\u1e9b\u017f@example.com"},      // long s
		{"\u0390@example.com", "\u03b9\u0308\u0301@example.com"}, // composed in two ways
	} {
		first := w.AddUser(pair[0])
		_, err := w.CreateUser(t.Context(), idp.NewUser{Email: pair[1], Password: idptest.Password})
		wantDuplicate(t, err)
		found, err := w.UserByLoginID(t.Context(), pair[1])
		must(t, err)
		if found.ID != first.ID {
			t.Errorf("%q finds another user than %q", pair[1], pair[0])
		}
	}
	dotless := w.AddUser("\u0131@example.com")
	if i := w.AddUser("i@example.com"); i.ID == dotless.ID {
		t.Error("the dotless i is another letter")
	}
}

// TestARC04_LoginNeedsAKey, whatever the body.
func TestARC04_LoginNeedsAKey(t *testing.T) {
	w := newWorld(t)
	for _, body := range []string{"", "{", object{"loginId": "ada@example.com", "password": idptest.Password, "applicationId": w.app.ID}.String()} {
		for _, credential := range []string{"", "wrong", "Bearer " + w.APIKey, w.APIKey + " "} {
			header := []string{"Origin", "https://evil.example"}
			if credential != "" {
				header = append(header, "Authorization", credential)
			}
			if credential == w.APIKey+" " {
				continue // HTTP itself trims header values
			}
			w.send("POST", "/api/login", "application/json", body, header...).wantEmpty(http.StatusUnauthorized)
		}
	}
}

func TestLoginAddress(t *testing.T) {
	for name, c := range map[string]struct {
		change object
		header []string
		want   string
	}{
		"named by the backend":  {object{"ipAddress": "2001:DB8::1"}, nil, "2001:db8::1"},
		"named as event":        {object{"eventInfo": object{"ipAddress": "203.0.113.7"}}, nil, "203.0.113.7"},
		"not an address":        {object{"ipAddress": "<script>"}, nil, "192.0.2.1"},
		"forwarded, not heeded": {nil, []string{"X-Forwarded-For", "203.0.113.9"}, "192.0.2.1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			id := w.login(c.change, c.header...).want(http.StatusOK).text("refreshTokenId")
			if got := w.refreshToken(id).MetaData.Device.LastAccessedAddress; got != c.want {
				t.Errorf("address %q, want %q", got, c.want)
			}
		})
	}
}

func TestLoginIDTypes(t *testing.T) {
	w := newWorld(t)
	w.login(object{"loginIdTypes": []string{"email"}}).want(http.StatusOK)
	w.login(object{"loginIdTypes": []string{"username", "email"}}).want(http.StatusOK)
	w.login(object{"loginIdTypes": []string{"username"}}).want(http.StatusNotFound)
}

// TestLGN04_SameTime: an unknown user, a wrong and an over-long password all
// cost one hash. Without it they would take a fiftieth of the time; the bound
// leaves room for a busy machine.
func TestLGN04_SameTime(t *testing.T) {
	w := newWorld(t, idptest.WithConfig(func(c *idp.Config) { c.Hash.MemoryKiB = 4 << 10 }))
	fastest := func(change object) time.Duration {
		best := time.Hour
		for range 7 {
			began := time.Now()
			w.login(change).wantEmpty(http.StatusNotFound)
			best = min(best, time.Since(began))
		}
		return best
	}
	wrong := fastest(object{"password": "wrong"})
	for name, change := range map[string]object{
		"unknown":            {"loginId": "nobody@example.com"},
		"impossible":         {"loginId": strings.Repeat("a", 1000)},
		"telephone":          {"loginIdTypes": []string{"phoneNumber"}},
		"over-long password": {"password": strings.Repeat("x", 1025)},
	} {
		if d := fastest(change); d < wrong/8 {
			t.Errorf("%s takes %v, a wrong password %v", name, d, wrong)
		}
	}
}
