package latchkey

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// ServeLogout handles POST. It ends the session of the request's cookies and clears them. It
// responds with 204 once the end is stored, or if there was no session. If the store is
// unavailable, it responds with 503 logout_incomplete: this node refuses the cookies at once, and
// stores the end when it can. The refresh token is revoked at the provider in the background, with
// retries.
func (g *Guard) ServeLogout(w http.ResponseWriter, r *http.Request) {
	if !g.origin.allow(w, r) {
		return
	}
	if !wire.AllowMethods(w, r, http.MethodPost) {
		return
	}
	err := g.endByCookies(r, EndLogout)
	g.cookies.clear(w) // even if the end is not stored yet: the background work will store it
	if g.config.ClearSiteData {
		w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	}
	if err != nil {
		g.emit(r.Context(), Event{Kind: EventProviderUnavailable, Device: g.config.device(r), Err: fmt.Errorf("logout incomplete: %w", err)})
		wire.Of(wire.CodeLogoutIncomplete).Write(w)
		return
	}
	noContent(w)
}

// endByCookies ends the session of every genuine cookie of the request, however stale, and even if
// its name came twice.
func (g *Guard) endByCookies(r *http.Request, reason EndReason) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), storeTimeout)
	defer cancel()
	var errs []error
	seen := make(map[ID]bool) // each duplicate would cost another read of the store
	for _, value := range cookie.Values(r.Header, cookie.RefreshName) {
		if c, genuine := g.cookies.refresh.Parse(value); genuine && !seen[c.ID] {
			seen[c.ID] = true
			errs = append(errs, g.ledger.EndByCookie(ctx, g.config.device(r), reason, &Record{
				ID: c.ID, App: g.app, User: User{ID: c.UserID}, RefreshTokenID: c.TokenID, CreatedAt: c.CreatedAt, Deadline: c.Deadline,
			}))
		}
	}
	for _, value := range cookie.Values(r.Header, cookie.SessionName) {
		if m, genuine := g.cookies.session.Parse(value); genuine && !seen[m.ID] {
			seen[m.ID] = true
			errs = append(errs, g.ledger.EndByCookie(ctx, g.config.device(r), reason, &Record{ID: m.ID, App: g.app, Deadline: g.now().Add(maxSessionAge)}))
		}
	}
	return errors.Join(errs...)
}
