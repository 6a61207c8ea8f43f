package latchkey_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// wrapped is the real provider with one answer replaced.
type wrapped struct {
	latchkey.Provider
	refresh func(context.Context, latchkey.Renewal) (latchkey.Grant, error)
	login   func(latchkey.Grant, error) (latchkey.Grant, error)
}

func (p wrapped) Refresh(ctx context.Context, r latchkey.Renewal) (latchkey.Grant, error) {
	if p.refresh == nil {
		return p.Provider.Refresh(ctx, r)
	}
	return p.refresh(ctx, r)
}

func (p wrapped) Login(ctx context.Context, c latchkey.Credentials) (latchkey.Grant, error) {
	grant, err := p.Provider.Login(ctx, c)
	if p.login == nil {
		return grant, err
	}
	return p.login(grant, err)
}

// A provider that panics, hangs, throttles or grants nothing costs a 503, never the session.
func TestProvider_misbehaves(t *testing.T) {
	simulate(t, func(t *testing.T, w *world) {
		config := w.config(w.shop, discard)
		p := &wrapped{Provider: config.Provider}
		config.Provider = p
		w.shop.start(config)
		try := func(status int, code string) reply {
			t.Helper()
			p.refresh = nil
			b := newBrowser()
			b.login(w.shop)
			time.Sleep(time.Hour)
			return b.get(w.shop, "/api/private")
		}
		try(200, "").ok(t, true)
		for name, refresh := range map[string]func(context.Context, latchkey.Renewal) (latchkey.Grant, error){
			"panics": func(context.Context, latchkey.Renewal) (latchkey.Grant, error) { panic("a bug") },
			"hangs": func(ctx context.Context, _ latchkey.Renewal) (latchkey.Grant, error) {
				<-ctx.Done()
				return latchkey.Grant{}, ctx.Err()
			},
			"too many": func(context.Context, latchkey.Renewal) (latchkey.Grant, error) {
				return latchkey.Grant{}, &latchkey.ProviderError{Code: latchkey.CodeTooManyAttempts, RetryAfter: 90 * time.Second}
			},
			"grants nothing": func(_ context.Context, r latchkey.Renewal) (latchkey.Grant, error) {
				return latchkey.Grant{User: r.User}, nil
			},
		} {
			p.refresh = nil
			b := newBrowser()
			b.login(w.shop)
			time.Sleep(time.Hour)
			p.refresh = refresh
			began := time.Now()
			got := b.get(w.shop, "/api/private")
			got.want(t, 503, "provider_unavailable", "")
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("%s: the answer took %v", name, took)
			}
			if name == "too many" && got.header.Get("Retry-After") != "90" {
				t.Errorf("Retry-After %q", got.header.Get("Retry-After"))
			}
			p.refresh = nil
			b.get(w.shop, "/api/private").ok(t, true)
		}
		inner := p.Provider
		p.refresh = func(ctx context.Context, r latchkey.Renewal) (latchkey.Grant, error) {
			grant, err := inner.Refresh(ctx, r)
			grant.RefreshTokenID = "" // some do not say it again
			return grant, err
		}
		b := newBrowser()
		b.login(w.shop)
		time.Sleep(time.Hour)
		b.get(w.shop, "/api/private").ok(t, true)
		before := w.refreshTokens()
		b.send(w.shop, "POST", "/api/logout", "")
		synctest.Wait()
		if n := w.refreshTokens(); n != before-1 {
			t.Error("the token that kept its id was not revoked")
		}
		for _, grant := range []latchkey.Grant{{}, {User: latchkey.User{ID: "u"}}, {RefreshToken: "x"}} {
			p.login = func(latchkey.Grant, error) (latchkey.Grant, error) { return grant, nil }
			if got := newBrowser().try(w.shop, "ada@example.com", "p"); got.status != 503 || got.minted {
				t.Errorf("%+v: %d", grant, got.status)
			}
		}
		p.login = func(latchkey.Grant, error) (latchkey.Grant, error) {
			return latchkey.Grant{}, &latchkey.ProviderError{Code: latchkey.CodeTooManyAttempts, RetryAfter: 1500 * time.Millisecond, Err: errors.New("x")}
		}
		if got := newBrowser().try(w.shop, "ada@example.com", "p"); got.status != 429 || got.header.Get("Retry-After") != "2" {
			t.Errorf("%d, Retry-After %q", got.status, got.header.Get("Retry-After"))
		}
	})
}
