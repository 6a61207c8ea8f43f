package fusionauth_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/latchkeytest"
)

const nextIssuer = "https://id.example.com"

func changeIssuer(t *testing.T, w *latchkeytest.World) {
	t.Helper()
	if err := w.Provider().ChangeTenant(t.Context(), "", func(t *idp.Tenant) { t.Issuer = nextIssuer }); err != nil {
		t.Fatal(err)
	}
}

// private has a page for users who are logged in.
func private(a *latchkeytest.App) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/", a.Guard.Handler())
	mux.Handle("/", a.Guard.Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "private") })))
	return mux
}

// TestIssuerChanges: nobody is signed out when the provider's issuer changes, on any node, in any
// state of a session.
func TestIssuerChanges(t *testing.T) {
	w := latchkeytest.New(t)
	app := w.NewApp("shop", private)
	app.AddUser("ada@example.com")
	nodes := []*latchkeytest.App{app, app.AddNode()}
	browsers := make(map[*latchkeytest.Browser]time.Duration) // by how long they are idle after the change
	for _, idle := range []time.Duration{0, 31 * time.Minute, 2 * time.Hour, 20 * 24 * time.Hour} {
		b := w.NewBrowser()
		if got := b.Login(app, "ada@example.com"); got.Status != http.StatusOK {
			t.Fatalf("login: %d %s", got.Status, got.Body)
		}
		browsers[b] = idle
	}
	changeIssuer(t, w)
	began := w.Clock.Now()
	for _, at := range []time.Duration{0, 31 * time.Minute, 2 * time.Hour, 20 * 24 * time.Hour} {
		w.Clock.Advance(began.Add(at).Sub(w.Clock.Now()))
		for b, idle := range browsers {
			if at < idle {
				continue
			}
			for _, node := range nodes {
				if got := b.Get(node, "/"); got.Body != "private" {
					t.Errorf("idle for %v, at %v: %d %s", idle, at, got.Status, got.Body)
				}
			}
		}
	}
}

// TestIssuerChanges_beforeTheConfiguration: a client that compares the issuer ends no session while
// its configuration names the one before. It goes on once it is told.
func TestIssuerChanges_beforeTheConfiguration(t *testing.T) {
	w := latchkeytest.New(t)
	application := w.Provider().AddApplication(idp.Application{})
	w.Provider().AddUser("ada@example.com", application.ID)
	compares := func(issuer string) *fusionauth.Client {
		return w.Client(application, func(c *fusionauth.Config) { c.Issuer = issuer })
	}
	before, after := compares(w.Provider().URL), compares(nextIssuer)
	grant, err := before.Login(t.Context(), credentials)
	if err != nil {
		t.Fatal(err)
	}
	changeIssuer(t, w)
	wantNoRefusal(t, before, grant)
	wantNoRefusal(t, before, grant)
	renewed, err := after.Refresh(t.Context(), latchkey.Renewal{RefreshToken: grant.RefreshToken, User: grant.User})
	if err != nil || renewed.RefreshTokenID != grant.RefreshTokenID {
		t.Errorf("once the client is told: %v", err)
	}
}
