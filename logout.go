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
	if genuine {
		errs = append(errs, g.end(ctx, m.id, reason))
	}
	if content, sealed := g.cookies.refresh.parse(refresh); sealed && !(genuine && content.id == m.id) {
		errs = append(errs, g.end(ctx, content.id, reason))
	}
	return errors.Join(errs...)
}

// end ends a session, whatever state it is in. It returns when the end is stored; an ended or unknown session is no error.
func (g *Guard) end(ctx context.Context, id ID, reason EndReason) error {
	for range maxAttempts {
		rec, err := g.store.Get(ctx, id)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if rec.ended() {
			return nil
		}
		err = g.store.Swap(ctx, rec.tombstone(g.now(), reason))
		if err == nil {
			g.ended(ctx, rec, reason)
			return nil
		}
		if !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return errContention
}
