package latchkey_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

type listed struct {
	Sessions []struct {
		ID, Device, IP        string
		Current, DeviceBound  bool
		CreatedAt, LastSeenAt time.Time
	}
}

func (b *browser) sessions(a *app) (l listed) {
	a.w.Helper()
	got := b.get(a, "/api/sessions")
	if got.status != 200 {
		a.w.Fatalf("list sessions: %d %s", got.status, got.body)
	}
	if err := json.Unmarshal([]byte(got.body), &l); err != nil {
		a.w.Fatal(err)
	}
	for name, value := range b.jar(a) {
		if strings.Contains(got.body, value) {
			a.w.Errorf("the list shows the value of %s", name)
		}
	}
	return l
}

func TestSES10_ListAndEndSessions(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		phone, laptop, forums := newBrowser(), newBrowser(), newBrowser()
		began := time.Now().UTC()
		phone.login(w.shop)
		time.Sleep(time.Minute)
		laptop.login(w.shop)
		forums.login(w.forums)
		time.Sleep(time.Minute)
		phone.get(w.shop, "/api/private").ok(t, false)

		list := laptop.sessions(w.shop).Sessions
		if len(list) != 2 || !list[0].Current || list[1].Current || list[1].IP != "203.0.113.7" || list[1].Device != "Unknown device" || list[1].DeviceBound ||
			!list[1].CreatedAt.Equal(began) || !list[1].LastSeenAt.Equal(began.Add(2*time.Minute)) {
			t.Fatalf("%+v", list)
		}
		laptop.send(w.shop, "DELETE", "/api/sessions/"+list[1].ID, "").want(t, 204, "", "")
		phone.get(w.shop, "/api/private").want(t, 401, "login_required", "revoked_by_user")
		laptop.send(w.shop, "DELETE", "/api/sessions/"+list[1].ID, "").want(t, 404, "not_found", "")
		laptop.send(w.shop, "DELETE", "/api/sessions/nonsense", "").want(t, 404, "not_found", "")
		forums.get(w.forums, "/api/private").ok(t, false) // another app's is none of ours
		synctest.Wait()
		if n := w.refreshTokens(); n != 2 {
			t.Errorf("%d refresh tokens, want those of laptop and forums", n)
		}

		for range 250 { // more than one list
			newBrowser().login(w.shop)
		}
		phone.login(w.shop)
		laptop.send(w.shop, "DELETE", "/api/sessions", "").want(t, 204, "", "")
		phone.get(w.shop, "/api/private").want(t, 401, "login_required", "logout_everywhere")
		laptop.get(w.shop, "/api/private").ok(t, false)
		if list := laptop.sessions(w.shop).Sessions; len(list) != 1 || !list[0].Current {
			t.Errorf("%+v", list)
		}
	})
}

func TestSessions_ofOthersAreOutOfReach(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		w.provider.AddUser("bob@example.com", w.shop.application.ID)
		ada, bob := newBrowser(), newBrowser()
		ada.login(w.shop)
		bob.send(w.shop, "POST", "/api/login", `{"email":"bob@example.com","password":"`+idptest.Password+`"}`)
		id := ada.sessions(w.shop).Sessions[0].ID
		bob.send(w.shop, "DELETE", "/api/sessions/"+id, "").want(t, 404, "not_found", "")
		bob.send(w.shop, "DELETE", "/api/sessions", "").want(t, 204, "", "")
		ada.get(w.shop, "/api/private").ok(t, false)

		newBrowser().get(w.shop, "/api/sessions").want(t, 401, "login_required", "")
		newBrowser().send(w.shop, "DELETE", "/api/sessions/"+id, "").want(t, 401, "login_required", "")
		ada.send(w.shop, "DELETE", "/api/sessions", "", func(r *http.Request) { r.Header.Set("Origin", "https://evil.example") }).want(t, 403, "cross_origin", "")
		ada.send(w.shop, "POST", "/api/sessions", "").want(t, 405, "method_not_allowed", "")
		ada.send(w.shop, "GET", "/api/sessions/"+id, "").want(t, 405, "method_not_allowed", "")
		w.store.cut(true)
		ada.get(w.shop, "/api/sessions").want(t, 503, "provider_unavailable", "")
	})
}

// An administrator lists a user's sessions and ends one of them, whose id came with a request.
func TestSessions_ofAUser(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		phone, laptop := newBrowser(), newBrowser()
		began := time.Now()
		phone.login(w.shop)
		time.Sleep(time.Minute)
		laptop.login(w.shop)

		sessions, err := w.shop.guard.Sessions(t.Context(), w.user.ID)
		must(t, err)
		if len(sessions) != 2 || !sessions[0].CreatedAt.Equal(began.Add(time.Minute)) || !sessions[1].AuthenticatedAt.Equal(began) ||
			sessions[1].Device.IP != "203.0.113.7" || sessions[1].DeviceName != "Unknown device" || !slices.Equal(sessions[1].AuthMethods, []string{"pwd"}) {
			t.Fatalf("%+v", sessions)
		}
		id, err := latchkey.ParseID(sessions[1].ID.String())
		must(t, err)
		must(t, w.shop.guard.EndSession(t.Context(), id, latchkey.EndRevokedByAdmin))
		phone.get(w.shop, "/api/private").want(t, 401, "login_required", "revoked_by_admin")
		if left, err := w.shop.guard.Sessions(t.Context(), w.user.ID); err != nil || len(left) != 1 || left[0].ID != sessions[0].ID {
			t.Errorf("left: %+v, %v", left, err)
		}
		if nobodys, err := w.shop.guard.Sessions(t.Context(), "nobody"); err != nil || len(nobodys) != 0 {
			t.Errorf("nobody's: %+v, %v", nobodys, err)
		}
		w.store.cut(true)
		if _, err := w.shop.guard.Sessions(t.Context(), w.user.ID); err == nil {
			t.Error("store down: no error")
		}
		w.store.cut(false)
	})
}

func TestParseID_refuses(t *testing.T) {
	for _, text := range []string{"", "AAAA", "AAAAAAAAAAAAAAAAAAAAAB", "AAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAAAAAAAA"} {
		if id, err := latchkey.ParseID(text); err == nil {
			t.Errorf("%q is %v", text, id)
		}
	}
}
