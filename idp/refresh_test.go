package idp_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

func TestRefresh(t *testing.T) {
	w := newWorld(t)
	first, id := w.loggedIn()
	a := w.refresh(first).want(http.StatusOK)
	second := a.text("refreshToken")
	if second == first || second == "" || a.text("refreshTokenId") != id || a.text("token") == "" {
		t.Errorf("%s", a.body)
	}
	a = w.refresh(second).want(http.StatusOK)
	if third := a.text("refreshToken"); third == second || third == first || a.text("refreshTokenId") != id {
		t.Errorf("%s", a.body)
	}
}

// TestREF02_ReuseRevokes: a spent token that comes back ends the login.
func TestREF02_ReuseRevokes(t *testing.T) {
	w := newWorldOf(t, idp.Application{OnOneTimeTokenReuse: true, ClientSecret: clientSecret})
	other, _ := w.loggedIn()
	first, _ := w.loggedIn()
	second := w.refresh(first).want(http.StatusOK).text("refreshToken")
	third := w.refresh(second).want(http.StatusOK).text("refreshToken")
	w.refresh(first).wantEmpty(http.StatusNotFound)
	w.refresh(third).wantEmpty(http.StatusNotFound)
	w.exchange(third).want(http.StatusBadRequest)
	w.refresh(other).want(http.StatusOK)
}

// TestReuseWithoutRevocation is FusionAuth's default: the spent one is refused
// and the current one stays good.
func TestReuseWithoutRevocation(t *testing.T) {
	w := newWorld(t)
	first, _ := w.loggedIn()
	second := w.refresh(first).want(http.StatusOK).text("refreshToken")
	third := w.refresh(second).want(http.StatusOK).text("refreshToken")
	w.refresh(first).wantEmpty(http.StatusNotFound)
	w.refresh(third).want(http.StatusOK)
}

// TestREF03_LostAnswerCostsNothing: until the successor is used, its
// predecessor answers the same successor, however late.
func TestREF03_LostAnswerCostsNothing(t *testing.T) {
	w := newWorld(t)
	first, _ := w.loggedIn()
	second := w.refresh(first).want(http.StatusOK).text("refreshToken")
	for range 3 {
		w.clock.advance(7 * 24 * time.Hour)
		if again := w.refresh(first).want(http.StatusOK).text("refreshToken"); again != second {
			t.Fatal("the predecessor answers another successor")
		}
	}
	w.refresh(second).want(http.StatusOK)
	w.refresh(first).wantEmpty(http.StatusNotFound)
}

func TestReusable(t *testing.T) {
	w := newWorldOf(t, idp.Application{UsagePolicy: idp.Reusable})
	token, id := w.loggedIn()
	for range 3 {
		if again := w.refresh(token).want(http.StatusOK).text("refreshToken"); again != token {
			t.Fatal("a reusable token was replaced")
		}
	}
	if w.refreshToken(id).Token != token {
		t.Error("the administrator sees another token")
	}
	// From now on one-time: the token of today has one more refresh.
	w.app.UsagePolicy = idp.OneTimeUse
	must(t, w.EnsureApplication(t.Context(), w.app))
	w.AddApplication(w.app)
	second := w.refresh(token).want(http.StatusOK).text("refreshToken")
	w.refresh(second).want(http.StatusOK)
	w.refresh(token).wantEmpty(http.StatusNotFound)
}

func TestExpirationPolicies(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		policy    idp.ExpirationPolicy
		refreshes []time.Duration // after the login; all succeed
		last      time.Duration   // the first instant at which none does
	}{
		{idp.Fixed, nil, 30 * day},
		{idp.Fixed, []time.Duration{10 * day, 29 * day}, 30 * day},
		{idp.SlidingWindow, []time.Duration{29 * day, 58 * day, 87 * day, 116 * day}, 146 * day},
		{"", nil, 30 * day}, // REF-07: unused tokens expire
		{"", []time.Duration{29 * day}, 59 * day},
		// REF-06
		{idp.SlidingWindowWithMaximumLifetime, []time.Duration{29 * day, 58 * day, 87 * day}, 90 * day},
	} {
		for _, late := range []bool{false, true} {
			w := newWorldOf(t, idp.Application{ExpirationPolicy: c.policy})
			token, _ := w.loggedIn()
			began := w.clock.now()
			for _, at := range c.refreshes {
				w.clock.advance(began.Add(at).Sub(w.clock.now()))
				token = w.refresh(token).want(http.StatusOK).text("refreshToken")
			}
			w.clock.advance(began.Add(c.last).Sub(w.clock.now()) - time.Millisecond)
			if late {
				w.clock.advance(time.Millisecond)
				w.refresh(token).wantEmpty(http.StatusNotFound)
				if n, err := w.Sweep(t.Context()); err != nil || n != 1 {
					t.Errorf("%s: Sweep = %d, %v, want 1", c.policy, n, err)
				}
				w.refresh(token).wantEmpty(http.StatusNotFound)
				continue
			}
			if n, err := w.Sweep(t.Context()); err != nil || n != 0 {
				t.Errorf("%s: Sweep = %d, %v, want 0", c.policy, n, err)
			}
			w.refresh(token).want(http.StatusOK)
		}
	}
}

// TestPolicyOfToday: a shorter life takes effect on tokens that exist.
func TestPolicyOfToday(t *testing.T) {
	w := newWorld(t)
	token, _ := w.loggedIn()
	w.app.RefreshTokenTTL = time.Hour
	w.AddApplication(w.app)
	w.clock.advance(time.Hour)
	w.refresh(token).wantEmpty(http.StatusNotFound)
}

// TestREF09_TokensEnd with what they stood for.
func TestREF09_TokensEnd(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(w *world) error
		undo func(w *world) error // what may be taken back without reviving the tokens
	}{
		"user deactivated": {
			func(w *world) error { return w.SetUserActive(w.t.Context(), w.user.ID, false) },
			func(w *world) error { return w.SetUserActive(w.t.Context(), w.user.ID, true) },
		},
		"password changed": {
			func(w *world) error { return w.SetPassword(w.t.Context(), w.user.ID, "another password") }, nil,
		},
		"user expired": {
			func(w *world) error { return w.SetUserExpiry(w.t.Context(), w.user.ID, w.clock.now()) }, nil,
		},
		"registration removed": {
			func(w *world) error { return w.Unregister(w.t.Context(), w.user.ID, w.app.ID) },
			func(w *world) error { return w.Register(w.t.Context(), w.user.ID, w.app.ID) },
		},
		"application inactive": {
			func(w *world) error { return w.SetApplicationActive(w.t.Context(), w.app.ID, false) }, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			token, _ := w.loggedIn()
			must(t, c.do(w))
			w.refresh(token).wantEmpty(http.StatusNotFound)
			if c.undo != nil {
				must(t, c.undo(w))
				w.refresh(token).wantEmpty(http.StatusNotFound)
			}
		})
	}
}

func TestRefreshRefuses(t *testing.T) {
	w := newWorld(t)
	token, _ := w.loggedIn()
	stranger := newWorld(t, idptest.WithConfig(func(c *idp.Config) { c.Secret = idp.Secret{2} }))
	foreign, _ := stranger.loggedIn()
	for name, value := range map[string]string{
		"none": "", "garbage": "x", "too long": token + "A", "too short": token[:len(token)-1],
		"padded": token[:len(token)-1] + "=", "line end": token[:len(token)-1] + "\n",
		"of another provider": foreign, "a JWT": w.login(nil).text("token"),
	} {
		t.Run(name, func(t *testing.T) { w.refresh(value).wantCode("[invalid]refreshToken") })
	}
	t.Run("no body", func(t *testing.T) {
		w.send("POST", "/api/jwt/refresh", "", "").wantCode("[invalid]refreshToken")
	})
	t.Run("cookies are not read", func(t *testing.T) {
		w.send("POST", "/api/jwt/refresh", "", "", "Cookie", "refresh_token="+token).wantCode("[invalid]refreshToken")
	})
	t.Run("refresh not allowed", func(t *testing.T) {
		a := idp.Application{ID: uuid.NewString(), Name: "x", GenerateRefreshTokens: true, EnabledGrants: []string{}}
		must(t, w.EnsureApplication(t.Context(), a))
		must(t, w.Register(t.Context(), w.user.ID, a.ID))
		token := w.login(object{"applicationId": a.ID}).want(http.StatusOK).text("refreshToken")
		w.refresh(token).wantCode("[invalid]refreshToken")
	})
	w.refresh(token).want(http.StatusOK)
}

// TestEveryBitCounts: no bit of a refresh token can be changed.
func TestEveryBitCounts(t *testing.T) {
	w := newWorld(t)
	token, _ := w.loggedIn()
	raw, err := base64.RawURLEncoding.DecodeString(token)
	must(t, err)
	for i := range len(raw) * 8 {
		raw[i/8] ^= 1 << (i % 8)
		w.refresh(base64.RawURLEncoding.EncodeToString(raw)).wantCode("[invalid]refreshToken")
		raw[i/8] ^= 1 << (i % 8)
	}
	last := token[len(token)-1:] // its low bits are beyond the last byte
	for _, c := range strings.Split("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", "") {
		if c != last {
			w.refresh(token[:len(token)-1] + c).wantCode("[invalid]refreshToken")
		}
	}
}

// TestForgedTokensNeedNoDatabase: with the database closed they are refused as
// ever, while a genuine one cannot be judged.
func TestForgedTokensNeedNoDatabase(t *testing.T) {
	w := newWorld(t)
	token, _ := w.loggedIn()
	must(t, w.Close())
	forged := token[:len(token)-8] + "AAAAAAAA"
	w.refresh(forged).wantCode("[invalid]refreshToken")
	w.send("POST", "/api/logout?refreshToken="+forged, "", "").wantEmpty(http.StatusOK)
	w.refresh(token).wantEmpty(http.StatusInternalServerError)
	w.send("GET", "/api/status", "", "").wantEmpty(452)
	w.send("POST", "/api/logout?refreshToken="+token, "", "").wantEmpty(http.StatusInternalServerError)
}

func TestRefreshTimeToLive(t *testing.T) {
	w := newWorld(t)
	token, _ := w.loggedIn()
	for _, c := range []struct {
		seconds int
		code    string
	}{{0, ""}, {1, ""}, {3600, ""}, {3601, "[invalid]timeToLiveInSeconds"}, {-1, "[invalid]timeToLiveInSeconds"}} {
		a := w.send("POST", "/api/jwt/refresh", "application/json", object{"refreshToken": token, "timeToLiveInSeconds": c.seconds}.String())
		if c.code != "" {
			a.wantCode(c.code)
			continue
		}
		a.want(http.StatusOK)
		token = a.text("refreshToken")
		want := int64(c.seconds)
		if want == 0 {
			want = 3600
		}
		claims := w.verified(a.text("token"))
		if got := claims.Exp - claims.Iat; got != want {
			t.Errorf("%d seconds, want %d", got, want)
		}
	}
}
