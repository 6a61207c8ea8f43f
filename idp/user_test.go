package idp_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

func wantDuplicate(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, idp.ErrDuplicate) {
		t.Errorf("error %v, want ErrDuplicate", err)
	}
}

func TestCreateUserRefuses(t *testing.T) {
	w := newWorld(t)
	const fifteen = "fifteen letters"
	for _, c := range []struct {
		name string
		user idp.NewUser
		code string
	}{
		{"nobody", idp.NewUser{Password: fifteen}, "[blank]user.email"},
		{"no address", idp.NewUser{Email: "ada", Password: fifteen}, "[notEmail]user.email"},
		{"two at signs", idp.NewUser{Email: "a@b@c", Password: fifteen}, "[notEmail]user.email"},
		{"zero-width space", idp.NewUser{Email: "a\u200bda@example.com", Password: fifteen}, "[invalid]user.email"},
		{"line end", idp.NewUser{Username: "ada\r\nSet-Cookie: a=b", Password: fifteen}, "[invalid]user.username"},
		{"bad UTF-8", idp.NewUser{Username: "a\xffda", Password: fifteen}, "[invalid]user.username"},
		{"too long", idp.NewUser{Username: strings.Repeat("a", 256), Password: fifteen}, "[tooLong]user.username"},
		{"taken", idp.NewUser{Email: "ADA@example.com", Password: fifteen}, "[duplicate]user.email"},
		{"taken id", idp.NewUser{ID: w.user.ID, Email: "b@example.com", Password: fifteen}, "[duplicate]user.id"},
		{"bad id", idp.NewUser{ID: "1", Email: "b@example.com", Password: fifteen}, "[couldNotConvert]user.id"},
		{"expired before 1970", idp.NewUser{Email: "b@example.com", Password: fifteen, Expiry: time.UnixMilli(-1)}, "[invalid]user.expiry"},
		{"what would mean never", idp.NewUser{Email: "b@example.com", Password: fifteen, Expiry: time.UnixMilli(0)}, "[invalid]user.expiry"},
		{"bad tenant", idp.NewUser{TenantID: uuid.NewString(), Email: "b@example.com", Password: fifteen}, "[invalid]user.tenantId"},
		{"no password", idp.NewUser{Email: "b@example.com"}, "[blank]user.password"},
		{"password of bad UTF-8", idp.NewUser{Email: "b@example.com", Password: fifteen + "\xff"}, "[invalid]user.password"},
		{"PWD-08: 14", idp.NewUser{Email: "b@example.com", Password: fifteen[1:]}, "[tooShort]user.password"},
		{"PWD-08: 14 after NFC", idp.NewUser{Email: "b@example.com", Password: "fifteen lettee\u0301"}, "[tooShort]user.password"},
		{"PWD-08: 257", idp.NewUser{Email: "b@example.com", Password: strings.Repeat("é", 257)}, "[tooLong]user.password"},
		{"PWD-06: 1025 bytes", idp.NewUser{Email: "b@example.com", Password: strings.Repeat("x", 1025)}, "[tooLong]user.password"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := w.CreateUser(t.Context(), c.user)
			wrong, ok := errors.AsType[idp.ValidationError](err)
			if !ok || len(wrong) != 1 || wrong[0].Code() != c.code {
				t.Errorf("error %v, want %s", err, c.code)
			}
			if c.user.Password != "" && err != nil && strings.Contains(err.Error(), c.user.Password) {
				t.Error("the error quotes the password")
			}
		})
	}
}

func TestPWD08_LengthsAccepted(t *testing.T) {
	w := newWorld(t)
	for i, p := range []string{"fifteen letters", "fifteen letters" + strings.Repeat("é", 49), "fifteen letters" + strings.Repeat("😀", 241), "\u0001 a control or two"} {
		email := fmt.Sprintf("user%d@example.com", i)
		if _, err := w.CreateUser(t.Context(), idp.NewUser{Email: email, Password: p}); err != nil {
			t.Errorf("%q: %v", p, err)
		}
		w.login(object{"loginId": email, "password": p, "applicationId": nil}).want(http.StatusOK)
	}
}

func TestGetUser(t *testing.T) {
	w := newWorld(t)
	u, err := w.CreateUser(t.Context(), idp.NewUser{
		Email: "Grace@Example.com", Username: "Grace", Password: idptest.Password,
		Profile: idp.Profile{FirstName: "Grace", Data: map[string]jsontext.Value{"shoe": jsontext.Value(`"left"`)}},
	})
	must(t, err)
	a := w.keyed("GET", "/api/user/"+strings.ToUpper(u.ID), "").want(http.StatusOK)
	var body struct {
		User struct {
			ID, Email, Username, FirstName string
			Data                           map[string]any
			PreferredLanguages             []string
			Identities                     []struct{ Type, Value string }
			TwoFactor                      struct{ Methods []string }
		}
	}
	a.decode(&body)
	got := body.User
	if got.ID != u.ID || got.Email != "grace@example.com" || got.Username != "Grace" || got.FirstName != "Grace" || got.Data["shoe"] != "left" ||
		got.PreferredLanguages == nil || got.TwoFactor.Methods == nil || len(got.Identities) != 2 || got.Identities[0].Value != "grace@example.com" {
		t.Errorf("user %s", a.body)
	}
	if strings.Contains(a.body, "argon2") {
		t.Error("the answer has the password hash")
	}
	w.keyed("GET", "/api/user/"+uuid.NewString(), "").wantEmpty(http.StatusNotFound)
	w.keyed("GET", "/api/user/ada", "").wantCode("[couldNotConvert]userId")
	w.send("GET", "/api/user/"+u.ID, "", "").wantEmpty(http.StatusUnauthorized)
}

func TestUnknownUser(t *testing.T) {
	w := newWorld(t)
	ctx, nobody := t.Context(), uuid.NewString()
	_, byID := w.UserByID(ctx, nobody)
	_, byLogin := w.UserByLoginID(ctx, "nobody")
	for name, err := range map[string]error{
		"UserByID": byID, "UserByLoginID": byLogin,
		"Register":              w.Register(ctx, nobody, w.app.ID),
		"Register, application": w.Register(ctx, w.user.ID, nobody),
		"Unregister":            w.Unregister(ctx, nobody, w.app.ID),
		"SetUserActive":         w.SetUserActive(ctx, nobody, true),
		"SetUserVerified":       w.SetUserVerified(ctx, nobody, true),
		"RequirePasswordChange": w.RequirePasswordChange(ctx, nobody, idp.ChangeBreached),
		"SetPassword":           w.SetPassword(ctx, nobody, idptest.Password),
		"SetApplicationActive":  w.SetApplicationActive(ctx, nobody, true),
	} {
		if !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("%s: %v, want ErrNotFound", name, err)
		}
	}
}

func TestRegisterReplacesRoles(t *testing.T) {
	w := newWorld(t)
	must(t, w.Register(t.Context(), strings.ToUpper(w.user.ID), strings.ToUpper(w.app.ID), "admin", "user"))
	u, err := w.UserByID(t.Context(), w.user.ID)
	must(t, err)
	if len(u.Registrations) != 1 || strings.Join(u.Registrations[0].Roles, " ") != "admin user" {
		t.Errorf("registrations %+v", u.Registrations)
	}
}

func TestEnsureApplicationRefuses(t *testing.T) {
	w := newWorld(t)
	id := uuid.NewString()
	for code, a := range map[string]idp.Application{
		"[blank]application.id":                                                        {Name: "x"},
		"[couldNotConvert]application.id":                                              {ID: "x", Name: "x"},
		"[blank]application.name":                                                      {ID: id},
		"[invalid]application.oauthConfiguration.enabledGrants":                        {ID: id, Name: "x", EnabledGrants: []string{"implicit"}},
		"[invalid]application.jwtConfiguration":                                        {ID: id, Name: "x", AccessTokenTTL: 1},
		"[invalid]application.jwtConfiguration.refreshTokenUsagePolicy":                {ID: id, Name: "x", UsagePolicy: "Sometimes"},
		"[invalid]application.jwtConfiguration.refreshTokenExpirationPolicy":           {ID: id, Name: "x", ExpirationPolicy: "Never"},
		"[invalid]application.jwtConfiguration.refreshTokenSlidingWindowConfiguration": {ID: id, Name: "x", RefreshTokenTTL: 2e9, RefreshTokenMaxTTL: 1e9},
		"[invalid]application.oauthConfiguration.clientAuthenticationPolicy":           {ID: id, Name: "x", ClientAuthenticationPolicy: "Maybe"},
		"[invalid]application.tenantId":                                                {ID: id, Name: "x", TenantID: uuid.NewString()},
	} {
		err := w.EnsureApplication(t.Context(), a)
		wrong, ok := errors.AsType[idp.ValidationError](err)
		if !ok || len(wrong) != 1 || wrong[0].Code() != code {
			t.Errorf("error %v, want %s", err, code)
		}
	}
}

// No two users have one address, or one's username for an address, in whatever spelling.
func TestLoginIDsAreOfOne(t *testing.T) {
	w := newWorld(t)
	w.AddUser("ida@example.com")
	_, err := w.CreateUser(t.Context(), idp.NewUser{Username: "grace@example.com", Password: idptest.Password})
	must(t, err)
	for email, code := range map[string]string{
		"\u0130da@example.com":       "[duplicate]user.email",
		"ida@example.com":            "[duplicate]user.email",
		"\uff29da@example.com":       "[duplicate]user.email",
		"Grace@example.com":          "[duplicate]user.email",
		"x<ida@example.com>":         "[notEmail]user.email",
		`"ida"@example.com`:          "[notEmail]user.email",
		"ida@example.com (me)":       "[notEmail]user.email",
		"=?utf-8?q?a?=<b@evil.test>": "[notEmail]user.email",
		"a,b@example.com":            "[notEmail]user.email",
		"@example.com":               "[notEmail]user.email",
		"ida@":                       "[notEmail]user.email",
	} {
		_, err := w.CreateUser(t.Context(), idp.NewUser{Email: email, Password: idptest.Password})
		if wrong, ok := errors.AsType[idp.ValidationError](err); !ok || len(wrong) != 1 || wrong[0].Code() != code {
			t.Errorf("%s: %v, want %s", email, err, code)
		}
	}
	if _, err := w.CreateUser(t.Context(), idp.NewUser{Username: "IDA@example.com", Password: idptest.Password}); err == nil {
		t.Error("a username that is somebody's address")
	}
	for _, email := range []string{"ida+x@example.com", "o'neill@example.com", "\u00fcber@example.com", "a.b-c_d@sub.example.com"} {
		if _, err := w.CreateUser(t.Context(), idp.NewUser{Email: email, Password: idptest.Password}); err != nil {
			t.Errorf("%s: %v", email, err)
		}
	}
}
