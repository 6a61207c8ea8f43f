package latchkey

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/rotation"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// A deviceRefresh is one request of a browser that proves its key.
type deviceRefresh struct {
	text    cookie.SessionIdentifier // as the browser has it: its session keeps one id
	id      ID
	until   time.Time // the absolute timeout, as the id says
	shown   rotation.KeyProof
	content *cookie.Content // the refresh cookie of the session; nil without it
	unkeyed bool            // a cookie of the session came that is not keyed
	rec     *Record         // nil: the store has none
	key     *Binding
	end     time.Time // of the bound cookie that the proof buys
}

// refresh gives a browser the next bound cookie for a proof of its key. It asks no provider, is no
// use of the session, and changes nothing but the first time.
func (d *deviceSessions) refresh(w http.ResponseWriter, r *http.Request) {
	p, ok := d.deviceRefreshOf(r)
	if !ok {
		d.retry(w) // something on the way may have dropped the header, and must not cost the key
		return
	}
	for range maxAttempts {
		verdict, err := d.judge(r, p)
		if err == nil && verdict == rotation.KeyBound {
			err = d.bindFirst(r, p)
		}
		switch {
		case errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound):
			continue
		case err != nil:
			d.retry(w)
			return
		}
		d.respond(w, r, p, verdict)
		return
	}
	d.retry(w)
}

// bindFirst binds the session: the browser has kept what the registration's response told it, and
// nothing on the way has dropped it. A refresh cookie that knows the key has been bound before.
func (d *deviceSessions) bindFirst(r *http.Request, p *deviceRefresh) error {
	if p.key.BoundAt.IsZero() {
		p.key = p.key.at(d.now())
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), deviceTimeout)
	defer cancel()
	return d.bind(ctx, p.rec, p.key, p.key.BoundAt, d.device(r))
}

// retry makes the browser keep its key, and prove it with the next request.
func (d *deviceSessions) retry(w http.ResponseWriter) { wire.Of(wire.CodeProviderUnavailable).Write(w) }

// deviceRefreshOf reads the id and the cookies. It reports whether the id is ours.
func (d *deviceSessions) deviceRefreshOf(r *http.Request) (*deviceRefresh, bool) {
	text, err := dbsc.SessionID(r.Header)
	if err != nil || r.Method != http.MethodPost {
		return nil, false
	}
	id, until, genuine := d.cookies.identifiers.Parse(text)
	content, sealed := d.cookies.refresh.Parse(cookie.Value(r.Header, cookie.RefreshName))
	if !genuine { // of a key that is gone: the refresh cookie vouches for the session
		id, genuine = d.cookies.identifiers.Claimed(text)
		if until = content.Deadline; !genuine || !sealed || content.ID != id {
			return nil, false
		}
	}
	p := &deviceRefresh{text: cookie.SessionIdentifier(text), id: id, until: until}
	if sealed {
		p.shown.OtherSession, p.shown.Refresh = content.ID != id, content.ID == id
		p.content, p.unkeyed = &content, !content.Keyed
	}
	if mark, genuine := d.cookies.session.Parse(cookie.Value(r.Header, cookie.SessionName)); genuine && (p.content == nil || mark.ID == id) {
		p.shown.OtherSession = p.shown.OtherSession || mark.ID != id
		p.unkeyed = p.unkeyed || !mark.Keyed
	}
	return p, true
}

// judge reads the record, checks the proof, and decides. It looks at the proof only if that can
// make a difference, because a signature costs more than all the rest.
func (d *deviceSessions) judge(r *http.Request, p *deviceRefresh) (rotation.KeyVerdict, error) {
	if p.shown.OtherSession || !d.now().Before(p.until) {
		return rotation.KeyForgotten, nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), deviceTimeout)
	defer cancel()
	ended, err := d.read(ctx, p)
	if err != nil || ended {
		return rotation.KeyForgotten, err
	}
	var state *rotation.State
	if p.rec != nil {
		s := p.rec.state()
		state, p.shown.Transient = &s, !p.rec.Persistent
	}
	p.shown.Answer = rotation.NoAnswer
	verdict := d.rules.JudgeKey(state, &p.shown, d.now())
	if verdict != rotation.KeyChallenged {
		return verdict, nil
	}
	if p.shown.Answer, err = d.answerOf(ctx, r, p); err != nil {
		return 0, err
	}
	return d.rules.JudgeKey(state, &p.shown, d.now()), nil
}

// read finds the record and the key. It reports whether the session has ended.
func (d *deviceSessions) read(ctx context.Context, p *deviceRefresh) (ended bool, err error) {
	of := candidate{}
	if p.content != nil && p.content.Keyed {
		if of.key, err = newBinding(p.content.PublicKey, p.content.BoundAt); err != nil {
			return false, err
		}
		p.shown.Key = true
	}
	p.rec, err = d.ledger.Get(ctx, p.id, "")
	switch {
	case errors.Is(err, ErrNotFound):
		p.rec, err = nil, nil
		ended = p.shown.Key && (d.ledger.notBefore.reason(p.content.CreatedAt) != "" || !d.now().Before(p.content.Deadline))
	case err == nil:
		if err = servable(p.rec, ""); err == nil && p.content != nil {
			err = servable(nil, p.content.Unknown)
		}
		ended = d.ledger.EndReason(p.rec) != ""
	}
	p.key = of.bindingOver(p.rec)
	return ended, err
}

// answerOf checks the answer to a challenge.
func (d *deviceSessions) answerOf(ctx context.Context, r *http.Request, p *deviceRefresh) (rotation.Answer, error) {
	text, err := dbsc.Response(r.Header)
	if err != nil {
		return rotation.NoAnswer, nil
	}
	proof, err := dbsc.ParseProof(text)
	if err != nil {
		return rotation.NoAnswer, nil
	}
	challenge, genuine := d.cookies.proof.Parse(proof.Challenge, p.id, p.key.thumbprint())
	if !genuine {
		return rotation.StaleAnswer, nil
	}
	var inTime bool
	if p.end, inTime = d.rules.ProofEnd(challenge, d.now()); !inTime {
		return rotation.StaleAnswer, nil
	}
	public, err := dbsc.ParseKey(p.key.Key[:])
	if err != nil {
		return 0, err
	}
	switch err := d.verify(ctx, p.id, func() error { return proof.Verify(public) }); {
	case errors.Is(err, errRefused):
		d.failed(r, p)
		return rotation.WrongAnswer, nil
	case err != nil:
		return 0, err
	}
	return rotation.RightAnswer, nil
}

// failed reports a proof that was not signed with the session's key, once a minute for a session.
func (d *deviceSessions) failed(r *http.Request, p *deviceRefresh) {
	if !d.once("proof failed " + p.id.String()) {
		return
	}
	event := Event{Kind: EventProofFailed, Session: p.id, Device: d.device(r)}
	if p.rec != nil {
		event.UserID, event.AtLogin = p.rec.User.ID, p.rec.Device
	}
	d.emit(r.Context(), event)
}

func (d *deviceSessions) respond(w http.ResponseWriter, r *http.Request, p *deviceRefresh, verdict rotation.KeyVerdict) {
	switch verdict {
	case rotation.KeyForgotten:
		wire.Write(w, http.StatusOK, dbsc.Termination{SessionID: string(p.text)})
	case rotation.KeyChallenged:
		d.challenge(w, r, p.text, p.key, p.id, d.now())
		w.WriteHeader(http.StatusForbidden)
	case rotation.KeyProven, rotation.KeyBound:
		d.seal(w, r, p)
		d.instruct(w, r, p.text, p.key, p.id, p.end, rotation.NextChallenge(p.end))
	default:
		d.retry(w)
	}
}

// seal gives the cookies of a bound session the mark that they are of use with a proof only. It
// does so as long as cookies come without it: an answer may be lost.
func (d *deviceSessions) seal(w http.ResponseWriter, r *http.Request, p *deviceRefresh) {
	if !p.unkeyed || p.content == nil || p.rec == nil {
		return
	}
	bound := *p.rec
	bound.Binding = p.key
	pair, err := d.cookies.format(&bound, *p.content, d.now())
	if err != nil {
		if d.once("cookies not sealed " + p.id.String()) {
			d.log.WarnContext(r.Context(), "cookies of a bound session not sealed", "app", d.app, "session", p.id, "error", err)
		}
		return
	}
	d.cookies.set(w, pair)
	d.browsers.hasBound(w, r.Header, p.rec.User.ID)
}
