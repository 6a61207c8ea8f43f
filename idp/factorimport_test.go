package idp_test

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp/idptest"
	"github.com/latchkey-dev/latchkey/idp/internal/totp"
)

var broughtSecret = []byte("12345678901234567890")

// broughtFactor is the second factor of a user of another provider, as FusionAuth's import has it.
func broughtFactor(changes ...object) object {
	method := object{"method": "authenticator", "secret": base64.StdEncoding.EncodeToString(broughtSecret), "authenticator": object{"algorithm": "HmacSHA1", "codeLength": 6, "timeStep": 30}}
	factor := object{"methods": []object{method}, "recoveryCodes": []string{"VLBVVFIZOJ", "abcde-fghij"}}
	for _, c := range changes {
		for name, value := range c {
			if name == "recoveryCodes" || name == "methods" {
				factor[name] = value
			} else {
				method[name] = value
			}
		}
	}
	return factor
}

// ways are the calls that make a user with a second factor.
func (w *world) ways() map[string]func(user object) answer {
	return map[string]func(user object) answer{
		"import": func(user object) answer {
			user["registrations"] = []object{{"applicationId": w.app.ID}}
			return w.keyed("POST", "/api/user/import", object{"users": []object{user}}.String())
		},
		"create": func(user object) answer {
			return w.keyed("POST", "/api/user", object{"user": user}.String())
		},
		"register": func(user object) answer {
			return w.keyed("POST", "/api/user/registration", object{"user": user, "registration": object{"applicationId": w.app.ID}}.String())
		},
	}
}

// A user who is imported with a second factor keeps it.
func TestSecondFactorsAreImported(t *testing.T) {
	w := newWorld(t)
	for name, make := range w.ways() {
		email := name + "@example.com"
		make(object{"email": email, "password": idptest.Password, "twoFactor": broughtFactor()}).want(http.StatusOK)
		second := func(code string) answer {
			id := w.login(object{"loginId": email}).want(242).text("twoFactorId")
			return w.send("POST", "/api/two-factor/login", "application/json", object{"twoFactorId": id, "code": code}.String())
		}
		second("000000").wantEmpty(http.StatusMisdirectedRequest)
		second(totp.Code(broughtSecret, totp.Step(w.clock.now()))).want(http.StatusOK)
		second("vlbvvfizoj").want(http.StatusOK)
		second("VLBVVFIZOJ").wantEmpty(http.StatusMisdirectedRequest) // each is good once
		second("ABCDE FGHIJ").want(http.StatusOK)
		w.clock.advance(time.Minute)
		u, err := w.UserByLoginID(t.Context(), email)
		must(t, err)
		shown := w.keyed("GET", "/api/user/"+u.ID, "").want(http.StatusOK)
		if strings.Contains(shown.body, base64.StdEncoding.EncodeToString(broughtSecret)) || !strings.Contains(shown.body, `"authenticator"`) {
			t.Errorf("%s: %s", name, shown.body)
		}
	}
}

// What cannot be kept of what protects an account is refused, and nobody is made without it.
func TestSecondFactorsThatCannotBeImported(t *testing.T) {
	w := newWorld(t)
	method := object{"method": "authenticator", "secret": base64.StdEncoding.EncodeToString(broughtSecret)}
	for code, factor := range map[string]object{
		"[notSupported]user.twoFactor.methods[0].method":                   broughtFactor(object{"method": "sms", "mobilePhone": "555"}),
		"[invalid]user.twoFactor.methods[0].secret":                        broughtFactor(object{"secret": "%%%"}),
		"[blank]user.twoFactor.methods[0].secret":                          broughtFactor(object{"secret": ""}),
		"[notSupported]user.twoFactor.methods[0].authenticator.algorithm":  broughtFactor(object{"authenticator": object{"algorithm": "HmacSHA256"}}),
		"[notSupported]user.twoFactor.methods[0].authenticator.codeLength": broughtFactor(object{"authenticator": object{"codeLength": 8}}),
		"[notSupported]user.twoFactor.methods[0].authenticator.timeStep":   broughtFactor(object{"authenticator": object{"timeStep": 60}}),
		"[notSupported]user.twoFactor.methods":                             broughtFactor(object{"methods": []object{method, method}}),
		"[invalid]user.twoFactor.recoveryCodes":                            broughtFactor(object{"methods": []object{}}),
		"[invalid]user.twoFactor.recoveryCodes[1]":                         broughtFactor(object{"recoveryCodes": []string{"VLBVVFIZOJ", "12 3"}}),
		"[tooMany]user.twoFactor.recoveryCodes":                            broughtFactor(object{"recoveryCodes": slices.Repeat([]string{"VLBVVFIZOJ"}, 101)}),
	} {
		for name, make := range w.ways() {
			want := code
			if name == "import" {
				want = strings.Replace(code, "user.", "users[0].", 1)
			}
			make(object{"email": "new@example.com", "password": idptest.Password, "twoFactor": factor}).wantCode(want)
			if _, err := w.UserByLoginID(t.Context(), "new@example.com"); err == nil {
				t.Fatalf("%s: %s: the user was made", name, code)
			}
		}
	}
	// What says nothing is nothing: clients send it always.
	for _, nothing := range []any{nil, object{}, object{"methods": []object{}, "recoveryCodes": []string{}}} {
		for name, make := range w.ways() {
			make(object{"email": name + "@example.com", "password": idptest.Password, "twoFactor": nothing}).want(http.StatusOK)
			w.login(object{"loginId": name + "@example.com", "applicationId": nil}).want(http.StatusOK)
			u, err := w.UserByLoginID(t.Context(), name+"@example.com")
			must(t, err)
			must(t, w.DeleteUser(t.Context(), u.ID))
		}
	}
}

// A user is changed with what was read of them; a second factor is set up by calls of its own.
func TestSecondFactorsInAChange(t *testing.T) {
	w := newWorld(t)
	a := enrolled(w)
	shown := object{"methods": []object{{"id": a.methodID, "method": "authenticator"}}}
	change := func(method string, factor object) answer {
		return w.keyed(method, "/api/user/"+w.user.ID, object{"user": object{"email": "ada@example.com", "twoFactor": factor}}.String())
	}
	change("PUT", shown).want(http.StatusOK)
	change("PUT", object{}).want(http.StatusOK)
	change("PATCH", object{}).want(http.StatusOK)
	w.keyed("PATCH", "/api/user/"+w.user.ID, `{"user":{"firstName":"Ada"}}`).want(http.StatusOK)
	for _, method := range []string{"PUT", "PATCH"} {
		change(method, broughtFactor(object{"recoveryCodes": nil})).wantCode("[notSupported]user.twoFactor")
		change(method, object{"recoveryCodes": []string{"VLBVVFIZOJ"}}).wantCode("[notSupported]user.twoFactor")
	}
	w.login(nil).want(242)
	w.second(a.code(), nil).want(http.StatusOK)
}

// A hash without its scheme would become the password itself.
func TestHashesWithoutAScheme(t *testing.T) {
	w := newWorld(t)
	hash := "jHsm+KgtcleCjG/jyC7SuY088G2n/2eiZyNYYEianwU="
	for _, user := range []object{{"salt": "huT0jZQYfZ2frJeZx29J4YTL7SWqeqAIoFQ35TdkTkI="}, {"factor": 24000}, {"factor": "24000"}} {
		user["email"], user["password"] = "new@example.com", hash
		w.keyed("POST", "/api/user/import", object{"encryptionScheme": "salted-pbkdf2-hmac-sha256", "users": []object{user}}.String()).wantCode("[blank]users[0].encryptionScheme")
	}
	w.keyed("POST", "/api/user/import", object{"users": []object{{"email": "new@example.com", "password": idptest.Password, "factor": 0, "salt": ""}}}.String()).want(http.StatusOK)
}

// A code is taken as the authenticator shows it, wherever one is.
func TestCodesAsTheyAreShown(t *testing.T) {
	w := newWorld(t)
	code := func() string {
		w.clock.advance(time.Minute) // the one before is another
		text := totp.Code(broughtSecret, totp.Step(w.clock.now()))
		return text[:3] + " " + text[3:]
	}
	enable := func(code string) answer {
		body := object{"method": "authenticator", "secret": base64.StdEncoding.EncodeToString(broughtSecret), "code": code}
		return w.keyed("POST", "/api/user/two-factor/"+w.user.ID, body.String())
	}
	enable(strings.Replace(code(), " ", "-", 1)).wantEmpty(http.StatusMisdirectedRequest)
	enable("\u00a0" + code() + "\n").want(http.StatusOK)
	w.clock.advance(time.Minute)
	text := totp.Code(broughtSecret, totp.Step(w.clock.now()))
	w.second(text[:3]+"\u202f"+text[3:], nil).want(http.StatusOK)
}

// The id of a 242, and a one-time password, let in once.
func TestTicketsAreGoodOnce(t *testing.T) {
	w := newWorld(t)
	a := enrolled(w)
	first, other := w.login(nil).want(242).text("twoFactorId"), w.login(nil).want(242).text("twoFactorId")
	second := func(id, code string) answer {
		return w.send("POST", "/api/two-factor/login", "application/json", object{"twoFactorId": id, "code": code, "applicationId": w.app.ID}.String())
	}
	second(first, "000000").wantEmpty(http.StatusMisdirectedRequest) // a wrong code leaves it
	second(first, a.code()).want(http.StatusOK)
	w.clock.advance(30 * time.Second)
	second(first, a.code()).wantEmpty(http.StatusNotFound)
	second(first, a.recovery[0]).wantEmpty(http.StatusNotFound)
	second(other, a.code()).want(http.StatusOK) // another login, at another device
	second(other, a.recovery[0]).wantEmpty(http.StatusNotFound)

	grace := w.AddUser("grace@example.com", w.app.ID)
	change := object{"loginId": grace.Email, "currentPassword": idptest.Password, "password": anotherPassword}
	token := w.login(object{"loginId": grace.Email}).want(http.StatusOK).text("token")
	oneTime := w.send("POST", "/api/user/change-password", "application/json", change.String(), "Authorization", "Bearer "+token).want(http.StatusOK).text("oneTimePassword")
	statuses := make(chan int)
	for range 8 {
		go func() {
			statuses <- w.keyed("POST", "/api/login", object{"oneTimePassword": oneTime, "applicationId": w.app.ID}.String()).status
		}()
	}
	in := 0
	for range 8 {
		if status := <-statuses; status == http.StatusOK {
			in++
		} else if status != http.StatusNotFound {
			t.Errorf("status %d", status)
		}
	}
	if in != 1 {
		t.Errorf("a one-time password let %d in", in)
	}
}

// The id of a change is worth nothing once the address is another: it may have gone to the old one.
func TestChangesOfTheAddressEndIDs(t *testing.T) {
	w := newWorld(t)
	id := w.keyed("POST", "/api/user/forgot-password", object{"loginId": "ada@example.com", "sendForgotPasswordMessage": false}.String()).want(http.StatusOK).text("changePasswordId")
	w.keyed("PATCH", "/api/user/"+w.user.ID, `{"user":{"email":"countess@example.com"}}`).want(http.StatusOK)
	w.send("POST", "/api/user/change-password", "application/json", object{"changePasswordId": id, "password": anotherPassword}.String()).wantEmpty(http.StatusNotFound)
}
