package webhook_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/fusionauth/fusionauthtest"
	"github.com/latchkey-dev/latchkey/fusionauth/internal/backendtest"
	"github.com/latchkey-dev/latchkey/fusionauth/webhook"
	"github.com/latchkey-dev/latchkey/latchkeytest"
	"github.com/latchkey-dev/latchkey/memstore"
)

type object = map[string]any

// secret is a random HMAC key of this run.
var secret = latchkey.Secret(rand.Text() + rand.Text())

// hs256 signs as RFC 7515 says, without the library that the receiver verifies with.
func hs256(body []byte) string {
	encode := base64.RawURLEncoding.EncodeToString
	sum := sha256.Sum256(body)
	text := encode([]byte(`{"alg":"HS256","typ":"JWT","kid":"a1b2c3d4e"}`)) + "." +
		encode([]byte(`{"request_body_sha256":"`+base64.StdEncoding.EncodeToString(sum[:])+`"}`))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}

// A world is two apps with receivers of one FusionAuth, and one user who is logged in to both.
type world struct {
	server    *fusionauthtest.Server
	apps      [2]*backendtest.Backend
	browsers  [2]*backendtest.Browser
	log       *latchkeytest.Log
	receiver  *webhook.Receiver
	url       string
	forumsDB  *downStore
	forumsApp string
}

// A downStore can be down.
type downStore struct {
	latchkey.Store
	down bool
}

func (s *downStore) ByUser(ctx context.Context, app, userID string, limit int) ([]*latchkey.Record, error) {
	if s.down {
		return nil, errors.New("the store is down")
	}
	return s.Store.ByUser(ctx, app, userID, limit)
}

var allEvents = []string{"user.password.update", "user.deactivate", "user.delete", "user.login.suspicious", "user.registration.delete", "jwt.refresh-token.revoke"}

func newWorld(t *testing.T) *world {
	w := &world{server: fusionauthtest.New(t), log: &latchkeytest.Log{}, forumsDB: &downStore{Store: memstore.New()}, forumsApp: uuid.NewString()}
	w.server.Change(func(s *fusionauthtest.State) {
		forums := s.Applications[0]
		forums.ID = w.forumsApp
		s.Applications = append(s.Applications, forums)
		s.Users[0].Registrations = append(s.Users[0].Registrations, fusionauthtest.Registration{ApplicationID: w.forumsApp})
	})
	w.apps[0] = backendtest.New(t, w.server, nil)
	w.apps[1] = backendtest.New(t, w.server, w.forumsDB, func(c *fusionauth.Config) { c.ApplicationID = w.forumsApp })
	receiver, err := webhook.New(webhook.Config{
		Apps:    []webhook.App{{ApplicationID: fusionauthtest.ApplicationID, Guard: w.apps[0].Guard}, {ApplicationID: strings.ToUpper(w.forumsApp), Guard: w.apps[1].Guard}},
		Secrets: []latchkey.Secret{secret}, Logger: w.log.Logger(),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.receiver = receiver
	listener := httptest.NewServer(receiver)
	t.Cleanup(listener.Close)
	w.url = listener.URL
	w.server.Change(func(s *fusionauthtest.State) {
		hook := fusionauthtest.Webhook{URL: listener.URL, Global: true, EventsEnabled: make(map[string]bool), Sign: hs256}
		s.Tenant.EventConfiguration.Events = make(map[string]fusionauthtest.EventSetting)
		for _, kind := range allEvents {
			hook.EventsEnabled[kind] = true
			s.Tenant.EventConfiguration.Events[kind] = fusionauthtest.EventSetting{Enabled: true, TransactionType: "AbsoluteMajority"}
		}
		s.Webhooks = []fusionauthtest.Webhook{hook}
	})
	for i, app := range w.apps {
		w.browsers[i] = app.Browser()
		w.browsers[i].Want(w.browsers[i].Login(), 200, "", "")
	}
	return w
}

// ended checks the reasons for which the user's sessions in the two apps have ended; "" is alive.
func (w *world) ended(t *testing.T, reasons ...string) {
	t.Helper()
	for i, reason := range reasons {
		got := w.browsers[i].Get("/api/private")
		if reason == "" && got.Status != 200 || reason != "" && (got.Status != 401 || got.EndReason != reason) {
			t.Errorf("app %d: %d %q, want %q", i, got.Status, got.EndReason, reason)
		}
	}
}

// post sends an event and returns the status of the response.
func (w *world) post(t *testing.T, event object, change ...func(*http.Request)) int {
	t.Helper()
	for name, value := range (object{"id": uuid.NewString(), "createInstant": time.Now().UnixMilli(), "tenantId": fusionauthtest.TenantID}) {
		if _, given := event[name]; !given {
			event[name] = value
		}
	}
	body, err := json.Marshal(object{"event": event})
	if err != nil {
		t.Fatal(err)
	}
	return w.postBody(t, body, hs256(body), change...)
}

func (w *world) postBody(t *testing.T, body []byte, signature string, change ...func(*http.Request)) int {
	t.Helper()
	r := httptest.NewRequest("POST", "/webhook", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(webhook.SignatureHeader, signature)
	for _, f := range change {
		f(r)
	}
	answer := httptest.NewRecorder()
	w.receiver.ServeHTTP(answer, r)
	return answer.Code
}

// FusionAuth's own events, over the wire: sessions end immediately, not at the next refresh.
func TestEventsOfFusionAuth(t *testing.T) {
	for _, c := range []struct {
		name    string
		happens func(*world) int
		reasons []string
	}{
		{"password", func(w *world) int { return w.server.ChangePassword(fusionauthtest.UserID, "another password") }, []string{"password_changed", "password_changed"}},
		{"deactivated", func(w *world) int { return w.server.Deactivate(fusionauthtest.UserID) }, []string{"user_deactivated", "user_deactivated"}},
		{"deleted", func(w *world) int { return w.server.Delete(fusionauthtest.UserID) }, []string{"user_deactivated", "user_deactivated"}},
		{"all tokens of the user", func(w *world) int { return w.revoke("?userId=" + fusionauthtest.UserID) }, []string{"revoked_by_admin", "revoked_by_admin"}},
		{"tokens of the user in one application", func(w *world) int {
			return w.revoke("?userId=" + fusionauthtest.UserID + "&applicationId=" + w.forumsApp)
		}, []string{"", "revoked_by_admin"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.ended(t, "", "")
			if status := c.happens(w); status != 200 {
				t.Errorf("the administrator's call: %d", status)
			}
			w.ended(t, c.reasons...)
		})
	}
}

func (w *world) revoke(which string) int {
	r, _ := http.NewRequest("DELETE", w.server.URL+"/api/jwt/refresh"+which, nil)
	r.Header.Set("Authorization", w.server.APIKey)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// One revoked token ends its session only. A logout elsewhere does that, and our own logout comes
// back as an event that finds nothing to do.
func TestOneToken(t *testing.T) {
	w := newWorld(t)
	second := w.apps[0].Browser()
	second.Want(second.Login(), 200, "", "")
	second.Want(second.Send("POST", "/api/logout", ""), 204, "", "")
	w.apps[0].Until("the logout event", func() bool { return strings.Contains(w.log.String(), "jwt.refresh-token.revoke") })
	if !strings.Contains(w.log.String(), "ended=0") {
		t.Error(w.log.String())
	}
	w.ended(t, "", "")
	third := w.apps[0].Browser()
	third.Want(third.Login(), 200, "", "")
	tokens := w.tokens(t)
	if status := w.revoke("/" + tokens[len(tokens)-1]); status != 200 {
		t.Errorf("status %d", status)
	}
	third.Want(third.Get("/api/private"), 401, "login_required", "revoked_by_admin")
	w.ended(t, "", "")
}

// tokens are the ids of the user's refresh tokens, the oldest first.
func (w *world) tokens(t *testing.T) (ids []string) {
	t.Helper()
	r, err := http.NewRequest("GET", w.server.URL+"/api/jwt/refresh?userId="+fusionauthtest.UserID, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", w.server.APIKey)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var list struct{ RefreshTokens []struct{ ID string } }
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	for _, token := range list.RefreshTokens {
		ids = append(ids, token.ID)
	}
	return ids
}

func TestOtherEvents(t *testing.T) {
	user := object{"id": fusionauthtest.UserID}
	for _, c := range []struct {
		name    string
		event   object
		status  int
		reasons []string
	}{
		{"suspicious login", object{"type": "user.login.suspicious", "user": user, "applicationId": fusionauthtest.ApplicationID, "threatsDetected": []string{"ImpossibleTravel"}}, 200, []string{"revoked_by_admin", "revoked_by_admin"}},
		{"registration deleted", object{"type": "user.registration.delete", "user": user, "applicationId": fusionauthtest.ApplicationID}, 200, []string{"revoked_by_admin", ""}},
		{"a whole application", object{"type": "jwt.refresh-token.revoke", "applicationId": fusionauthtest.ApplicationID}, 200, []string{"revoked_by_admin", ""}},
		{"another application", object{"type": "jwt.refresh-token.revoke", "userId": fusionauthtest.UserID, "applicationId": uuid.NewString()}, 200, []string{"", ""}},
		{"somebody else", object{"type": "user.password.update", "user": object{"id": uuid.NewString()}}, 200, []string{"", ""}},
		{"a type that ends nothing", object{"type": "user.login.success", "user": user}, 200, []string{"", ""}},
		{"a type of the future", object{"type": "user.teleport", "user": user, "createInstant": 1}, 200, []string{"", ""}},
		{"no user", object{"type": "user.password.update"}, 400, []string{"", ""}},
		{"two users", object{"type": "user.password.update", "userId": fusionauthtest.UserID, "user": object{"id": "x"}}, 400, []string{"", ""}},
		{"a token without a user", object{"type": "jwt.refresh-token.revoke", "refreshToken": object{"id": "x"}}, 400, []string{"", ""}},
		{"nothing but a type", object{"type": "jwt.refresh-token.revoke"}, 400, []string{"", ""}},
		{"a registration of no application", object{"type": "user.registration.delete", "user": user}, 400, []string{"", ""}},
		{"no type", object{"user": user}, 400, []string{"", ""}},
		{"no id", object{"id": "", "type": "user.password.update", "user": user}, 400, []string{"", ""}},
		{"no time", object{"createInstant": 0, "type": "user.password.update", "user": user}, 400, []string{"", ""}},
		{"an invalid id", object{"type": "user.password.update", "user": object{"id": "a\nb"}}, 400, []string{"", ""}},
		{"of yesterday", object{"createInstant": time.Now().Add(-61 * time.Minute).UnixMilli(), "type": "user.password.update", "user": user}, 400, []string{"", ""}},
		{"of tomorrow", object{"createInstant": time.Now().Add(6 * time.Minute).UnixMilli(), "type": "user.password.update", "user": user}, 400, []string{"", ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			if status := w.post(t, c.event); status != c.status {
				t.Errorf("status %d, want %d", status, c.status)
			}
			w.ended(t, c.reasons...)
		})
	}
}

// An event may come late: a session that began with the new password stays.
func TestLateEvent(t *testing.T) {
	w := newWorld(t)
	changed := time.Now().UnixMilli()
	for time.Now().UnixMilli() == changed {
	}
	w.browsers[0].Want(w.browsers[0].Login(), 200, "", "")
	if status := w.post(t, object{"type": "user.password.update", "user": object{"id": fusionauthtest.UserID}, "createInstant": changed}); status != 200 {
		t.Fatal(status)
	}
	w.ended(t, "", "password_changed")
}

// A copy of an event does nothing: the user has logged in again meanwhile.
func TestReplay(t *testing.T) {
	w := newWorld(t)
	event := object{"type": "user.password.update", "user": object{"id": fusionauthtest.UserID}}
	if status := w.post(t, event); status != 200 {
		t.Fatal(status)
	}
	w.ended(t, "password_changed", "password_changed")
	w.browsers[0].Want(w.browsers[0].Login(), 200, "", "")
	if status := w.post(t, event); status != 200 {
		t.Fatal(status)
	}
	w.ended(t, "")
}

// If one app's store is down, the others' sessions end, FusionAuth's call fails, and the repeated
// event is not a replay.
func TestFailureIsRetried(t *testing.T) {
	w := newWorld(t)
	w.forumsDB.down = true
	if status := w.server.ChangePassword(fusionauthtest.UserID, "another password"); status != 504 {
		t.Errorf("a change whose event fails: %d", status)
	}
	event := object{"type": "user.password.update", "user": object{"id": fusionauthtest.UserID}}
	if status := w.post(t, event); status != 503 {
		t.Errorf("status %d, want 503", status)
	}
	w.ended(t, "password_changed", "")
	w.forumsDB.down = false
	if status := w.post(t, event); status != 200 {
		t.Errorf("again: %d", status)
	}
	w.ended(t, "password_changed", "password_changed")
	if !strings.Contains(w.log.String(), "level=ERROR") || !strings.Contains(w.log.String(), "the store is down") {
		t.Errorf("the operator is not told: %s", w.log.String())
	}
}

// What is not an event is refused before it is read.
func TestBadRequests(t *testing.T) {
	w := newWorld(t)
	good := []byte(`{"event":{"id":"1","type":"user.password.update","createInstant":1,"user":{"id":"u"}}}`)
	for name, c := range map[string]struct {
		body   []byte
		change func(*http.Request)
		status int
	}{
		"GET":          {good, func(r *http.Request) { r.Method = "GET" }, 405},
		"a form":       {good, func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }, 415},
		"no type":      {good, func(r *http.Request) { r.Header.Del("Content-Type") }, 415},
		"two types":    {good, func(r *http.Request) { r.Header.Add("Content-Type", "text/plain") }, 415},
		"two codings":  {good, func(r *http.Request) { r.Header["Content-Encoding"] = []string{"identity", "gzip"} }, 415},
		"compressed":   {good, func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, 415},
		"endless":      {bytes.Repeat([]byte("x"), 1<<20+1), nil, 413},
		"no JSON":      {[]byte("x"), nil, 400},
		"two values":   {append(bytes.Clone(good), good...), nil, 400},
		"a name twice": {[]byte(`{"event":{"id":"1","type":"user.password.update","createInstant":1,"user":{"id":"u"},"user":{"id":"v"}}}`), nil, 400},
		"a list":       {[]byte(`[]`), nil, 400},
		"empty":        {nil, nil, 400},
	} {
		change := c.change
		if change == nil {
			change = func(*http.Request) {}
		}
		if status := w.postBody(t, c.body, hs256(c.body), change); status != c.status {
			t.Errorf("%s: %d, want %d", name, status, c.status)
		}
	}
}

// Nothing of a body or a signature is in the log.
func TestLogHasNoSecrets(t *testing.T) {
	w := newWorld(t)
	event := object{"type": "jwt.refresh-token.revoke", "userId": fusionauthtest.UserID, "refreshToken": object{"id": "x", "token": "marker-of-a-live-token"}, "user": object{"id": fusionauthtest.UserID, "email": "marker@example.com"}}
	w.post(t, event)
	event["createInstant"], event["id"] = 5, "again"
	w.post(t, event)
	body := []byte(`{"event": marker`)
	w.postBody(t, body, hs256(body))
	w.postBody(t, body, "marker")
	w.postBody(t, body, hs256([]byte("another")))
	log := w.log.String()
	if strings.Contains(log, "marker") || strings.Contains(log, string(secret)) || strings.Contains(log, "eyJ") || strings.Count(log, "level=WARN") != 4 {
		t.Error(log)
	}
}

func TestConfig(t *testing.T) {
	_, err := webhook.New(webhook.Config{Apps: []webhook.App{{}}, Secrets: []latchkey.Secret{"short"}})
	for _, want := range []string{"Apps[0]", "Secrets[0]"} {
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "short\"") {
			t.Errorf("%v, want %s", err, want)
		}
	}
	for _, c := range []webhook.Config{{}, {Secrets: []latchkey.Secret{secret}, KeySetURL: "https://x/"}, {PublicKey: "x"}, {PublicKey: "-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n"},
		{PublicKey: "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"}, {KeySetURL: "ftp://x"}, {KeySetURL: "https://"}} {
		if _, err := webhook.New(c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
}
