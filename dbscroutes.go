package latchkey

import (
	"context"
	"errors"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/rotation"
	"github.com/latchkey-dev/latchkey/internal/turns"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// The routes of W3C's Device Bound Session Credentials, below Config.BasePath. A browser that finds
// another answer there than those of this file drops its key, so they stay where they are.
const (
	registrationPath  = "/dbsc/register"
	deviceRefreshPath = "/dbsc/refresh"
)

// ServeDeviceRegistration handles the POST with which a browser registers the key that it has made
// after a login. It responds with 200 and the instructions of the session, 403 or 503. A page
// notices nothing of it. It must be mounted at Config.BasePath + "/dbsc/register".
func (g *Guard) ServeDeviceRegistration(w http.ResponseWriter, r *http.Request) {
	g.devices.answer(w)
	g.devices.register(w, r)
}

// ServeDeviceRefresh handles the POST with which a browser proves its key, every few minutes while
// the session is in use. It responds with 200 and the next bound cookie, 403 and a challenge, or
// 503, whatever comes. It must be mounted at Config.BasePath + "/dbsc/refresh", and nothing in
// front may answer for it: most other responses make the browser drop its key.
func (g *Guard) ServeDeviceRefresh(w http.ResponseWriter, r *http.Request) {
	g.devices.answer(w)
	g.devices.refresh(w, r)
}

// deviceSessions are the two routes, and what leads browsers to them.
type deviceSessions struct {
	*keyProofs
	rules    *rules
	browsers *knownBrowsers
	origin   string // Config.Origin
	basePath string
	offers   bool // new sessions are bound
	turns    *turns.Turns[ID]
}

// answer sets what all responses of both routes have.
func (d *deviceSessions) answer(w http.ResponseWriter) {
	wire.NoStore(w)
	w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
}

// offer asks the browser to register a key for a new session.
func (d *deviceSessions) offer(w http.ResponseWriter, r *http.Request, rec *Record) {
	if !d.offers {
		return
	}
	offer := dbsc.Offer{
		Algorithms: []dbsc.Algorithm{dbsc.ES256}, Path: d.visibleBase(r) + registrationPath,
		Challenge: d.cookies.registration.Format(rec.ID, d.now()),
	}
	if err := offer.AddTo(w.Header()); err != nil {
		d.log.WarnContext(r.Context(), "device binding not offered", "app", d.app, "error", err)
	}
}

// confirmed reports a login whose browser has not bound it by the time that its cookies have
// settled.
func (d *deviceSessions) confirmed(ctx context.Context, rec *Record, p candidate) {
	if d.offers && rec.Generation == 1 && rec.Binding.boundAt().IsZero() {
		d.emit(ctx, Event{Kind: EventUnbound, Session: rec.ID, UserID: rec.User.ID, Device: p.from, Expected: p.couldBind})
	}
}

// visibleBase is the base path as the browser sees it. http.StripPrefix leaves RequestURI alone.
func (d *deviceSessions) visibleBase(r *http.Request) string {
	asked, _, _ := strings.Cut(r.RequestURI, "?")
	prefix, stripped := strings.CutSuffix(asked, r.URL.EscapedPath())
	if !stripped || len(prefix) < 2 || prefix[0] != '/' || path.Clean(prefix) != prefix {
		return d.basePath
	}
	return prefix + d.basePath
}

// registerWithin is how long after its login a session can get a key.
const registerWithin = 2 * time.Minute

// register stores the key of the browser. The first one counts; a new key needs a new login.
func (d *deviceSessions) register(w http.ResponseWriter, r *http.Request) {
	content, registration := d.registrationOf(r)
	if registration == nil {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), deviceTimeout)
	defer cancel()
	rec, err := d.storeKey(ctx, d.device(r), content, registration)
	switch {
	case errors.Is(err, errRefused):
		w.WriteHeader(http.StatusForbidden)
	case err != nil:
		d.retry(w)
	default:
		now := d.now()
		id := d.cookies.identifiers.Format(rec.ID, rec.Deadline)
		d.instruct(w, r, id, rec.Binding, rec.ID, now.Add(rotation.FirstProof), now)
	}
}

// registrationOf returns what a request registers for the session of its refresh cookie, or nil.
// Script of the page cannot make such a request: it can set the header only with a mode that
// browsers send along.
func (d *deviceSessions) registrationOf(r *http.Request) (cookie.Content, *dbsc.Registration) {
	mode, origin := r.Header.Get("Sec-Fetch-Mode"), r.Header.Get("Origin")
	if r.Method != http.MethodPost || !d.offers || mode != "" && mode != "no-cors" || origin != "" && origin != d.origin {
		return cookie.Content{}, nil
	}
	content, genuine := d.cookies.refresh.Parse(cookie.Value(r.Header, cookie.RefreshName))
	if !genuine {
		return cookie.Content{}, nil
	}
	text, err := dbsc.Response(r.Header)
	if err != nil {
		return cookie.Content{}, nil
	}
	registration, err := dbsc.ParseRegistration(text, dbsc.ES256)
	if err != nil {
		return cookie.Content{}, nil
	}
	offered, genuine := d.cookies.registration.Parse(registration.Challenge, content.ID)
	if age := d.now().Sub(offered); !genuine || age > registerWithin || age < -rotation.ProofSkew {
		return cookie.Content{}, nil
	}
	return content, registration
}

// errRefused refuses a registration.
var errRefused = errors.New("the key cannot be registered")

// storeKey stores the key in the record, and returns the record.
func (d *deviceSessions) storeKey(ctx context.Context, from Device, content cookie.Content, registration *dbsc.Registration) (*Record, error) {
	verified := false
	for range maxAttempts {
		rec, err := d.ledger.Get(ctx, content.ID, content.UserID)
		switch {
		case errors.Is(err, ErrNotFound):
			return nil, errRefused
		case err != nil:
			return nil, err
		case d.ledger.EndReason(rec) != "" || servable(rec, content.Unknown) != nil:
			return nil, errRefused
		case rec.Binding != nil || content.Keyed:
			d.contested(ctx, rec, from)
			return nil, errRefused
		}
		if !verified {
			if err := d.verify(ctx, rec.ID, registration.Verify); err != nil {
				return nil, err
			}
			verified = true
		}
		next := rec.next()
		if next.Binding, err = newBinding(registration.Key.Bytes(), time.Time{}); err != nil || !d.fits(next, content) {
			return nil, errRefused
		}
		if err = d.ledger.Swap(ctx, next); !errors.Is(err, ErrConflict) {
			return next, err
		}
	}
	return nil, errContention
}

// contested reports a key for a session that has one, once a minute: a client with the cookies and
// the challenge can send as many as it likes.
func (d *deviceSessions) contested(ctx context.Context, rec *Record, from Device) {
	if d.once("binding contested " + rec.ID.String()) {
		d.emit(ctx, Event{Kind: EventBindingContested, Session: rec.ID, UserID: rec.User.ID, Device: from, AtLogin: rec.Device})
	}
}

// fits reports whether the cookies of a session would not be too large with the key. It would break
// at the next refresh.
func (d *deviceSessions) fits(rec *Record, content cookie.Content) bool {
	bound := *rec
	bound.Binding = rec.Binding.at(d.now())
	_, err := d.cookies.format(&bound, content, d.now())
	if err != nil && d.once("cookie too large for a key") {
		d.log.Warn("session left unbound: its refresh cookie would be too large", "app", d.app, "error", err)
	}
	return err == nil
}

// verify returns errRefused if the signature is wrong, and another error if it had no turn. There
// are as many turns as processors, and one for each session: a client that posts wrong signatures
// for its own keeps nobody else from proving a key.
func (d *deviceSessions) verify(ctx context.Context, id ID, signature func() error) error {
	err := errRefused
	if busy := d.turns.Do(ctx, id, func() {
		if signature() == nil {
			err = nil
		}
	}); busy != nil {
		return busy
	}
	return err
}

// deviceTimeout limits how long the routes wait for the store: a browser gives up after 20 seconds,
// and its requests wait.
const deviceTimeout = 2 * time.Second

// instruct responds with a bound cookie and what the browser needs to prove its key again.
func (d *deviceSessions) instruct(w http.ResponseWriter, r *http.Request, text cookie.SessionIdentifier, key *Binding, id ID, end, challenge time.Time) {
	bound := d.cookies.of(cookie.BoundName, d.cookies.bound.Format(id, key.thumbprint(), end), max(1, int(end.Sub(d.now())/time.Second)))
	credential, err := dbsc.CredentialOf(bound)
	if err != nil {
		d.log.ErrorContext(r.Context(), "device binding: unusable cookie", "app", d.app, "error", err)
		d.retry(w)
		return
	}
	base := d.visibleBase(r)
	http.SetCookie(w, bound)
	d.challenge(w, r, text, key, id, challenge)
	wire.Write(w, http.StatusOK, dbsc.Instructions{
		SessionID: string(text), RefreshURL: base + deviceRefreshPath,
		Scope:       dbsc.Scope{Rules: []dbsc.ScopeRule{{Type: dbsc.Exclude, Domain: "*", Path: base + registrationPath}}},
		Credentials: []dbsc.Credential{credential},
	})
}

// challenge adds the challenge of a time.
func (d *deviceSessions) challenge(w http.ResponseWriter, r *http.Request, text cookie.SessionIdentifier, key *Binding, id ID, at time.Time) {
	challenge := dbsc.Challenge{Value: d.cookies.proof.Format(id, key.thumbprint(), at), SessionID: string(text)}
	if err := challenge.AddTo(w.Header()); err != nil {
		d.log.ErrorContext(r.Context(), "device binding: unusable challenge", "app", d.app, "error", err)
	}
}
