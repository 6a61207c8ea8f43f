package idp_test

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// What a change does not name stays as an administration left it.
func TestChangeApplicationLeavesTheRest(t *testing.T) {
	w := newWorld(t)
	key := w.keyed("POST", "/api/key/generate", `{"key":{"algorithm":"ES256","name":"k"}}`).want(http.StatusOK)
	var made struct{ Key struct{ ID string } }
	key.decode(&made)
	before := idp.Application{
		ID: uuid.NewString(), Name: "Shop", ClientSecret: clientSecret, PageURL: "https://shop.example.com/account", GenerateRefreshTokens: true, AllowTokenRefresh: true,
		EnabledGrants: []string{"refresh_token", "password"}, AccessTokenTTL: 5 * time.Minute, RefreshTokenTTL: time.Hour, RefreshTokenMaxTTL: 2 * time.Hour,
		AccessTokenKeyID: made.Key.ID, UsagePolicy: idp.Reusable, ExpirationPolicy: idp.Fixed, OnOneTimeTokenReuse: true, ClientAuthenticationPolicy: idp.ClientAuthenticationNotRequired,
	}
	must(t, w.EnsureApplication(t.Context(), before))
	w.keyed("POST", "/api/application/"+before.ID+"/role", `{"role":{"name":"admin"}}`).want(http.StatusOK)
	must(t, w.ChangeApplication(t.Context(), before.ID, func(a *idp.Application) { a.Name = "The shop" }))
	after, err := w.ApplicationByID(t.Context(), before.ID)
	must(t, err)
	want := before
	want.Name, want.ClientSecret, want.TenantID = "The shop", "", w.user.TenantID
	if !reflect.DeepEqual(after.Application, want) || !after.HasClientSecret || !after.Active {
		t.Errorf("%+v\nwant %+v", after, want)
	}
	var shown struct {
		Application struct{ Roles []struct{ Name string } }
	}
	w.keyed("GET", "/api/application/"+before.ID, "").want(http.StatusOK).decode(&shown)
	if len(shown.Application.Roles) != 1 {
		t.Errorf("roles %+v", shown.Application.Roles)
	}
	form := "grant_type=password&username=ada@example.com&password=x&client_id=" + before.ID
	must(t, w.ChangeApplication(t.Context(), before.ID, func(a *idp.Application) {
		a.ClientSecret, a.ClientAuthenticationPolicy = "another secret", idp.ClientAuthenticationRequired
	}))
	for secret, status := range map[string]int{"another+secret": http.StatusBadRequest, "wrong": http.StatusUnauthorized} {
		w.send("POST", "/oauth2/token", "application/x-www-form-urlencoded", form+"&client_secret="+secret).want(status)
	}
}

func TestChangeApplicationMakesOne(t *testing.T) {
	w := newWorld(t)
	id := uuid.NewString()
	must(t, w.ChangeApplication(t.Context(), id, func(a *idp.Application) { a.Name, a.GenerateRefreshTokens = "New", true }))
	a, err := w.ApplicationByID(t.Context(), id)
	must(t, err)
	if a.Name != "New" || !a.GenerateRefreshTokens || a.AccessTokenTTL != time.Hour || a.TenantID != w.user.TenantID || a.HasClientSecret {
		t.Errorf("%+v", a)
	}
}

func TestChangeRefuses(t *testing.T) {
	w := newWorld(t)
	there := uuid.NewString()
	must(t, w.EnsureTenant(t.Context(), idp.Tenant{ID: there, Name: "There"}))
	change := func(id string, set func(*idp.Application)) error { return w.ChangeApplication(t.Context(), id, set) }
	for code, err := range map[string]error{
		"[couldNotConvert]application.id": change("x", func(*idp.Application) {}),
		"[blank]application.id":           change("", func(*idp.Application) {}),
		"[blank]application.name":         change(uuid.NewString(), func(*idp.Application) {}),
		"[invalid]application.tenantId":   change(w.app.ID, func(a *idp.Application) { a.TenantID = there }),
		"[invalid]application.jwtConfiguration.refreshTokenSlidingWindowConfiguration": change(w.app.ID, func(a *idp.Application) { a.RefreshTokenTTL = 365 * 24 * time.Hour }),
		"[couldNotConvert]tenant.id": w.ChangeTenant(t.Context(), "x", func(*idp.Tenant) {}),
		"[blank]tenant.name":         w.ChangeTenant(t.Context(), "", func(n *idp.Tenant) { n.Name = "" }),
		"[duplicate]tenant.name":     w.ChangeTenant(t.Context(), "", func(n *idp.Tenant) { n.Name = "There" }),
	} {
		if wrong, ok := errors.AsType[idp.ValidationError](err); !ok || len(wrong) != 1 || wrong[0].Code() != code {
			t.Errorf("error %v, want %s", err, code)
		}
	}
	if err := w.ChangeTenant(t.Context(), uuid.NewString(), func(*idp.Tenant) {}); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("an unknown tenant: %v", err)
	}
}

func TestChangeTenantLeavesTheRest(t *testing.T) {
	w := newWorld(t)
	before := idp.Tenant{
		Name: "Ours", Lockout: idp.Lockout{UserActionID: uuid.NewString(), Attempts: 7, Window: time.Hour, Duration: 2 * time.Hour}, OnMultiFactorEnable: true,
		PasswordRules: idp.PasswordRules{MinLength: 20, MaxLength: 100, RequireNumber: true},
	}
	must(t, w.EnsureTenant(t.Context(), before))
	must(t, w.ChangeTenant(t.Context(), "", func(n *idp.Tenant) { n.VerifyEmail, n.UnverifiedBehavior = true, idp.UnverifiedGated }))
	after, err := w.DefaultTenant(t.Context())
	must(t, err)
	before.ID, before.VerifyEmail, before.UnverifiedBehavior, before.Issuer = w.user.TenantID, true, idp.UnverifiedGated, w.URL
	if after != before {
		t.Errorf("%+v\nwant %+v", after, before)
	}
}

// Two who change different things at once both have their way.
func TestChangesAtOnce(t *testing.T) {
	w := newWorld(t, idptest.WithConfig(func(c *idp.Config) { c.Now = time.Now }))
	changes := []func(ctx context.Context) error{
		func(ctx context.Context) error {
			return w.ChangeApplication(ctx, w.app.ID, func(a *idp.Application) { a.Name += "x" })
		},
		func(ctx context.Context) error {
			return w.ChangeApplication(ctx, w.app.ID, func(a *idp.Application) { a.AccessTokenTTL += time.Second })
		},
		func(ctx context.Context) error {
			return w.ChangeTenant(ctx, "", func(n *idp.Tenant) { n.Name += "x" })
		},
		func(ctx context.Context) error {
			return w.ChangeTenant(ctx, "", func(n *idp.Tenant) { n.Lockout.Attempts++ })
		},
	}
	const times = 20
	var all sync.WaitGroup
	for _, change := range changes {
		all.Go(func() {
			for range times {
				if err := change(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	a, err := w.ApplicationByID(t.Context(), w.app.ID)
	must(t, err)
	n, err := w.DefaultTenant(t.Context())
	must(t, err)
	if len(a.Name) != len(w.app.Name)+times || a.AccessTokenTTL != time.Hour+times*time.Second || len(n.Name) != len("Default")+times || n.Lockout.Attempts != 5+times {
		t.Errorf("%+v %+v", a, n)
	}
}
