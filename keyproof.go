package latchkey

import (
	"context"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/crossorigin"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// keyProofs are what requests show of their browsers' keys: what is missing, and what to do about
// it.
type keyProofs struct {
	*reporter
	ledger  *ledger
	cookies *cookies
	device  func(*http.Request) Device
}

// missing reports a request without a proof, once a minute for a session. Whether it is a thief's
// cannot be known.
func (k *keyProofs) missing(r *http.Request, rec *Record, p candidate) {
	if !k.once("proof missing " + rec.ID.String()) {
		return
	}
	event := suspicion(EventProofMissing, rec, p)
	event.Skipped, event.WithRefresh = k.skipped(r, rec.ID), p.proof.Refresh
	k.emit(r.Context(), event)
}

const maxReason = 32 // bytes; those that browsers give are shorter

// skipped returns why the browser could not prove the key of a session, as it says, or "".
func (k *keyProofs) skipped(r *http.Request, id ID) string {
	if len(r.Header[dbsc.HeaderSkipped]) == 0 {
		return ""
	}
	list, _ := dbsc.ParseSkipped(r.Header)
	for _, s := range list {
		if of, _, genuine := k.cookies.identifiers.Parse(s.SessionID); genuine && of == id {
			return wire.Shorten(string(s.Reason), maxReason)
		}
	}
	return ""
}

// ask decides what a request is told that lacks a proof. With a bound cookie that proves nothing,
// which may be that of the browser's login of before, it comes again without: the browser then gets
// a new one on the way. Without a bound cookie, the browser has looked for it already.
func (k *keyProofs) ask(r *http.Request, found *authOutcome) {
	found.late = k.skipped(r, found.unproven.ID) != ""
	if len(cookie.Values(r.Header, cookie.BoundName)) == 0 {
		return
	}
	found.again = &cookieChange{cookie.BoundName, "", -1}
	if !crossorigin.IsUpgrade(r.Header) && r.ContentLength >= 0 {
		found.kind = outcomeAsked
	}
}

// uncover returns what becomes of the bound cookie of a request that is served without a proof. If
// it proves nothing for its session, it is that of the browser's login of before, whose response
// came late. The browser takes it for the new one's, and would not prove the new key while it
// lives. So it goes.
func (k *keyProofs) uncover(h http.Header, found *authOutcome) *cookieChange {
	key := found.record.Binding
	if key == nil || !key.BoundAt.IsZero() && found.unproven == nil {
		return nil
	}
	values := cookie.Values(h, cookie.BoundName)
	if len(values) == 0 {
		return nil
	}
	if _, own := k.cookies.bound.Parse(values[0], found.record.ID, key.thumbprint()); own && len(values) == 1 {
		return nil
	}
	return &cookieChange{cookie.BoundName, "", -1}
}

// restore puts the binding back that the store has lost, and that the refresh cookie still has. It
// returns errJudgeAgain.
func (k *keyProofs) restore(ctx context.Context, rec *Record, p candidate) error {
	if err := k.bind(ctx, rec, p.key, p.key.BoundAt, p.from); err != nil {
		return err
	}
	return errJudgeAgain
}

// bind stores that a session is bound to a key.
func (k *keyProofs) bind(ctx context.Context, rec *Record, key *Binding, at time.Time, from Device) error {
	keyed := *rec
	keyed.Binding = key
	state := rec.state()
	if err := k.ledger.Swap(ctx, keyed.after(state.Bound(at))); err != nil {
		return err
	}
	k.emit(ctx, Event{Kind: EventBound, Session: rec.ID, UserID: rec.User.ID, Device: from})
	return nil
}

// fromElsewhere reports whether a navigation was started by another site. The browser proves no key
// for that, and sends it without its bound cookie.
func fromElsewhere(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate" && site != "" && site != "same-origin" && site != "none"
}

// reloadOnce answers with a page that loads the same URL again. Then the browser asks on behalf of
// our own page, and proves the key first.
func reloadOnce(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = w.Write([]byte(reloadingPage))
}

const reloadingPage = `<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0"><title>One moment</title>`
