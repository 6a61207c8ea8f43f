package latchkey

import (
	"context"
	"errors"
	"net/http"
)

// ServeLogout answers POST: it ends the session of the request's cookies and clears them. 204 once the end is stored, also where
// there was nothing to end; 503 logout_incomplete where the store cannot be reached. The refresh token is revoked at
// the provider in the background, repeated until that is done.
func (g *Guard) ServeLogout(w http.ResponseWriter, r *http.Request) {
	if !g.sameOrigin(r) {
		problem{Code: codeCrossOrigin}.write(w)
		return
	}
	if !allow(w, r, http.MethodPost) {
		return
	}
	err := g.endPresented(r, EndLogout)
	g.cookies.clear(w)
	if g.config.ClearSiteData {
		w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	}
	if err != nil {
		g.log.ErrorContext(r.Context(), "logout incomplete", "app", g.app, "error", err)
		problem{Code: codeLogoutIncomplete}.write(w)
		return
	}
	w.Header()["Cache-Control"] = noStore
	w.WriteHeader(http.StatusNoContent)
}

// endPresented ends the session of every genuine cookie of the request, however stale.
func (g *Guard) endPresented(r *http.Request, reason EndReason) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), storeTimeout)
	defer cancel()
	session, refresh := cookieValues(r.Header)
	m, genuine := g.cookies.session.parse(session)
	var errs []error
	if content, sealed := g.cookies.refresh.parse(refresh); sealed {
		errs = append(errs, g.end(ctx, g.device(r), reason, &Record{
			ID: content.id, App: g.app, User: User{ID: content.userID}, RefreshTokenID: content.tokenID, CreatedAt: content.createdAt, Deadline: content.deadline,
		}))
	}
	if genuine {
		errs = append(errs, g.end(ctx, g.device(r), reason, &Record{ID: m.id, App: g.app, Deadline: g.now().Add(g.limits.absolute)}))
	}
	return errors.Join(errs...)
}

// end ends a session, whatever state it is in, and returns when the end is stored. A session that the store does not know gets its tombstone from
// what the cookie says of it: the store may have lost it, and another copy of the cookie must not rebuild it (rule 5).
func (g *Guard) end(ctx context.Context, from Device, reason EndReason, unknown *Record) error {
	for range maxAttempts {
		rec, err := g.read(ctx, unknown.ID)
		if err == nil && rec.ended() {
			return nil
		}
		var tombstone *Record
		switch {
		case err == nil:
			tombstone = rec.tombstone(g.now(), reason)
			err = g.store.Swap(ctx, tombstone)
		case errors.Is(err, ErrNotFound):
			tombstone = unknown.tombstone(g.now(), reason)
			err = g.store.Create(ctx, tombstone)
		}
		if err == nil {
			g.ended(ctx, tombstone, from)
			return nil
		}
		if !errors.Is(err, ErrConflict) && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return errContention
}
