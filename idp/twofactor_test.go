package idp_test

import (
	"encoding/base32"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/totp"
)

// authenticator is ada's.
type authenticator struct {
	w        *world
	secret   []byte
	methodID string
	recovery []string
}

func (a *authenticator) code() string { return totp.Code(a.secret, totp.Step(a.w.clock.now())) }

func (w *world) enable(secret, code string) answer {
	w.t.Helper()
	return w.keyed("POST", "/api/user/two-factor/"+w.user.ID, object{"method": "authenticator", "secretBase32Encoded": secret, "code": code}.String())
}

// enrolled gives ada an authenticator, and lets the code that this took grow old.
func enrolled(w *world) *authenticator {
	w.t.Helper()
	text := w.keyed("GET", "/api/two-factor/secret", "").want(http.StatusOK).text("secretBase32Encoded")
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	must(w.t, err)
	a := &authenticator{w: w, secret: secret}
	var body struct{ RecoveryCodes []string }
	w.enable(text, a.code()).want(http.StatusOK).decode(&body)
	a.recovery = body.RecoveryCodes
	var user struct {
		User struct {
			TwoFactor struct{ Methods []struct{ ID, Method string } }
		}
	}
	w.keyed("GET", "/api/user/"+w.user.ID, "").want(http.StatusOK).decode(&user)
	if m := user.User.TwoFactor.Methods; len(m) != 1 || m[0].Method != "authenticator" {
		w.t.Fatalf("methods %+v", m)
	}
	a.methodID = user.User.TwoFactor.Methods[0].ID
	w.clock.advance(time.Minute)
	return a
}

// second sends a code after a login that was answered 242.
func (w *world) second(code string, more object) answer {
	w.t.Helper()
	id := w.login(nil).want(242).text("twoFactorId")
	body := object{"twoFactorId": id, "code": code, "applicationId": w.app.ID}
	for k, v := range more {
		body[k] = v
	}
	return w.send("POST", "/api/two-factor/login", "application/json", body.String())
}

func TestTwoFactorLogin(t *testing.T) {
	w := newWorld(t)
	a := enrolled(w)
	challenge := w.login(nil).want(242)
	if challenge.text("token") != "" || challenge.text("refreshToken") != "" || strings.Contains(challenge.body, "user") {
		t.Errorf("242 says too much: %s", challenge.body)
	}
	w.login(object{"password": "wrong"}).wantEmpty(http.StatusNotFound)
	code := a.code()
	got := w.second(code, nil).want(http.StatusOK)
	w.refresh(got.text("refreshToken")).want(http.StatusOK)
	if got.text("twoFactorTrustId") != "" {
		t.Error("trust that nobody asked for")
	}
	w.second(code, nil).wantEmpty(http.StatusMisdirectedRequest) // a code is good once
	w.clock.advance(30 * time.Second)
	w.second(a.code(), nil).want(http.StatusOK)
	w.send("POST", "/api/two-factor/login", "application/json", object{"twoFactorId": "nonsense", "code": code}.String()).wantEmpty(http.StatusNotFound)

	id := w.login(nil).want(242).text("twoFactorId")
	w.clock.advance(5 * time.Minute)
	w.send("POST", "/api/two-factor/login", "application/json", object{"twoFactorId": id, "code": a.code()}.String()).wantEmpty(http.StatusNotFound)
}

func TestTwoFactorCodesOnce(t *testing.T) {
	w := newWorld(t)
	a := enrolled(w)
	ids := make([]string, 8)
	for i := range ids {
		ids[i] = w.login(nil).want(242).text("twoFactorId")
	}
	code := a.code()
	var mu sync.Mutex
	var wg sync.WaitGroup
	passed := 0
	for _, id := range ids {
		wg.Go(func() {
			if w.send("POST", "/api/two-factor/login", "application/json", object{"twoFactorId": id, "code": code, "applicationId": w.app.ID}.String()).status == http.StatusOK {
				mu.Lock()
				passed++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if passed > 1 {
		t.Errorf("one code let %d in", passed)
	}
}

// TestTwoFactorGuesses: guesses are bounded, however many logins they are spread over, and in the
// end the right code is refused like the wrong ones.
func TestTwoFactorGuesses(t *testing.T) {
	w := newWorld(t)
	a := enrolled(w)
	for range 5 {
		w.second("000000", nil).wantEmpty(http.StatusMisdirectedRequest)
	}
	w.second(a.code(), nil).wantEmpty(http.StatusMisdirectedRequest)
	w.second(a.recovery[0], nil).wantEmpty(http.StatusMisdirectedRequest)
	w.keyed("DELETE", "/api/user/two-factor/"+w.user.ID, object{"methodId": a.methodID, "code": a.code()}.String()).wantEmpty(http.StatusMisdirectedRequest)
	w.clock.advance(15 * time.Minute)
	w.second(a.code(), nil).want(http.StatusOK)
}

func TestRecoveryCodes(t *testing.T) {
	w := newWorld(t)
	a := enrolled(w)
	if len(a.recovery) != 10 {
		t.Fatalf("%d recovery codes", len(a.recovery))
	}
	w.second(strings.ToLower(strings.ReplaceAll(a.recovery[3], "-", " ")), nil).want(http.StatusOK)
	w.second(a.recovery[3], nil).wantEmpty(http.StatusMisdirectedRequest)
	var body struct{ RecoveryCodes []string }
	w.keyed("POST", "/api/user/two-factor/recovery-code/"+w.user.ID, "").want(http.StatusOK).decode(&body)
	w.second(a.recovery[4], nil).wantEmpty(http.StatusMisdirectedRequest)
	w.second(body.RecoveryCodes[0], nil).want(http.StatusOK)
}

func TestTrustedComputer(t *testing.T) {
	w := newWorld(t)
	a := enrolled(w)
	trust := w.second(a.code(), object{"trustComputer": true}).want(http.StatusOK).text("twoFactorTrustId")
	w.login(object{"twoFactorTrustId": trust}).want(http.StatusOK)
	w.login(object{"twoFactorTrustId": trust + "x"}).want(242)
	bob := w.AddUser("bob@example.com", w.app.ID)
	// they have no second factor
	w.login(object{"loginId": bob.Email, "twoFactorTrustId": trust}).want(http.StatusOK)
	w.clock.advance(30 * 24 * time.Hour)
	w.login(object{"twoFactorTrustId": trust}).want(242)

	trust = w.second(a.code(), object{"trustComputer": true}).want(http.StatusOK).text("twoFactorTrustId")
	must(t, w.DisableTwoFactor(t.Context(), w.user.ID))
	w.clock.advance(time.Minute)
	enrolled(w)
	w.login(object{"twoFactorTrustId": trust}).want(242) // it was given by another authenticator
}

// TestTwoFactorThenChange: what else stands in the way comes after the code, and the trust of the
// answer spares the second code.
func TestTwoFactorThenChange(t *testing.T) {
	w := newWorld(t)
	a := enrolled(w)
	must(t, w.RequirePasswordChange(t.Context(), w.user.ID, "Expired"))
	got := w.second(a.code(), object{"trustComputer": true}).want(203)
	w.send("POST", "/api/user/change-password/"+got.text("changePasswordId"), "application/json", object{"password": anotherPassword}.String()).want(http.StatusOK)
	w.login(object{"password": anotherPassword, "twoFactorTrustId": got.text("twoFactorTrustId")}).want(http.StatusOK)
	w.login(object{"password": anotherPassword}).want(242)
}

func TestEnableTwoFactorRefused(t *testing.T) {
	w := newWorld(t)
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" // RFC 6238's
	code := totp.Code([]byte("12345678901234567890"), totp.Step(w.clock.now()))
	w.enable(secret, "000000").wantEmpty(http.StatusMisdirectedRequest)
	w.enable("GEZDGNBV", code).wantCode("[invalid]secret")
	w.enable("not base 32", code).wantCode("[invalid]secret")
	w.keyed("POST", "/api/user/two-factor/"+w.user.ID, object{"method": "sms", "code": code}.String()).wantCode("[invalid]method")
	w.keyed("POST", "/api/user/two-factor/"+w.app.ID, object{}.String()).wantEmpty(http.StatusNotFound)
	w.keyed("POST", "/api/user/two-factor/recovery-code/"+w.user.ID, "").wantEmpty(http.StatusNotFound)
	w.enable(secret, code).want(http.StatusOK)
	// otherwise the password alone would be enough to replace it
	w.enable(secret, code).wantCode("[duplicate]method")
}

func TestDisableTwoFactor(t *testing.T) {
	w := newWorld(t)
	a := enrolled(w)
	disable := func(methodID, code string) answer {
		return w.keyed("DELETE", "/api/user/two-factor/"+w.user.ID+"?methodId="+methodID+"&code="+code, "")
	}
	disable(w.app.ID, a.code()).wantEmpty(http.StatusNotFound)
	disable(a.methodID, "000000").wantEmpty(http.StatusMisdirectedRequest)
	disable(a.methodID, a.code()).wantEmpty(http.StatusOK)
	w.login(nil).want(http.StatusOK)
	disable(a.methodID, a.code()).wantEmpty(http.StatusNotFound)
}

// Who was logged in without the second factor must bring it, where the tenant says so.
func TestRefreshTokensEndWithMultiFactor(t *testing.T) {
	for _, wanted := range []bool{false, true} {
		w := newWorld(t)
		w.keyed("PATCH", "/api/tenant/"+w.user.TenantID, object{"tenant": object{"jwtConfiguration": object{"refreshTokenRevocationPolicy": object{"onMultiFactorEnable": wanted}}}}.String()).want(http.StatusOK)
		token, _ := w.loggedIn()
		enrolled(w)
		if a := w.refresh(token); (a.status == http.StatusNotFound) != wanted {
			t.Errorf("onMultiFactorEnable %v: refresh %d", wanted, a.status)
		}
	}
}
