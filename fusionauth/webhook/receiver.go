// Package webhook receives the events that a FusionAuth sends and ends sessions immediately: those
// of a user whose password was changed, who was locked out or deleted, and those whose refresh
// tokens were revoked. Without it such news arrives when a session is refreshed, within
// latchkey.Config.SessionCap.
//
// Every event must be signed. Events that end nothing are accepted and ignored. docs/fusionauth.md
// describes FusionAuth's settings.
package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// SignatureHeader is the header with FusionAuth's signature: a JWT with the digest of the body.
const SignatureHeader = "X-FusionAuth-Signature-JWT"

const (
	maxBody   = 1 << 20          // bytes; a user's data is in there
	endWithin = 10 * time.Second // longer than FusionAuth waits
)

// Config configures a Receiver. Apps is required, and one of Secrets, PublicKey and KeySetURL.
type Config struct {
	Apps []App

	// Secrets are the HMAC keys that FusionAuth may sign with, as its Key Master shows them; more
	// than one only during a rotation. At least 32 bytes each.
	Secrets []latchkey.Secret
	// PublicKey is the public half of an RSA, EC or Ed25519 key that FusionAuth signs with, in PEM;
	// or several, during a rotation.
	PublicKey string
	// KeySetURL is where FusionAuth publishes its public keys, such as
	// "https://auth.example.com/.well-known/jwks.json". They are read when they are first needed,
	// once an hour, and when a new one appears. Anyone who can answer in its place can end
	// sessions: use https.
	KeySetURL string

	Transport http.RoundTripper // for KeySetURL; default http.DefaultTransport
	Logger    *slog.Logger      // nil: slog.Default()
	Now       func() time.Time  // nil: time.Now
}

// An App is one whose sessions end. Several may have the same application.
type App struct {
	ApplicationID string // as FusionAuth knows it
	Guard         *latchkey.Guard
}

// A Receiver is an http.Handler for POST. It needs no login and no cookie, and only FusionAuth
// needs to reach it.
type Receiver struct {
	apps []App
	keys keys
	seen seen
	said refusals
	log  *slog.Logger
	now  func() time.Time
}

// New checks the Config and reports all its mistakes. It makes no call.
func New(c Config) (*Receiver, error) {
	var errs []error
	bad := func(field, reason string) { errs = append(errs, errors.New("webhook: Config."+field+": "+reason)) }
	if len(c.Apps) == 0 {
		bad("Apps", "required")
	}
	for i, a := range c.Apps {
		if a.ApplicationID == "" || a.Guard == nil {
			bad(fmt.Sprintf("Apps[%d]", i), "the application id or the guard is missing")
		}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	keys, err := newKeys(c)
	if err != nil {
		errs = append(errs, err)
	}
	if errs != nil {
		return nil, errors.Join(errs...)
	}
	return &Receiver{apps: c.Apps, keys: keys, log: c.Logger, now: c.Now}, nil
}

// ServeHTTP answers 200 to an event that is done with, 401 to one that is not signed by our
// FusionAuth, 400 to one that is unreadable or too old, and 503 if sessions could not be ended:
// FusionAuth must then send it again.
func (rc *Receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	err := rc.receive(w, r)
	if err == nil {
		w.WriteHeader(http.StatusOK)
		return
	}
	var no *refusal
	if !errors.As(err, &no) {
		no = &refusal{http.StatusServiceUnavailable, "cannot end sessions: send the event again", err}
	}
	rc.tell(r, no)
	if no.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", http.MethodPost)
	}
	http.Error(w, no.reason, no.status) // FusionAuth shows it in its webhook event log
}

// tell logs a refusal, once a minute for each reason.
func (rc *Receiver) tell(r *http.Request, no *refusal) {
	more, due := rc.said.due(no.reason, rc.now())
	if !due {
		return
	}
	level := slog.LevelWarn
	if no.status >= 500 {
		level = slog.LevelError
	}
	attrs := []slog.Attr{slog.Int("status", no.status), slog.String("from", r.RemoteAddr)}
	if more > 0 {
		attrs = append(attrs, slog.Int("more", more)) // of this kind, since the last log line
	}
	if no.err != nil {
		attrs = append(attrs, slog.Any("error", no.err))
	}
	rc.log.LogAttrs(r.Context(), level, "webhook: "+no.reason, attrs...)
}

// A refusal refuses a request. The reason is for both sides, err for our log; neither contains
// anything of the body.
type refusal struct {
	status int
	reason string
	err    error // may be nil
}

func (e *refusal) Error() string { return e.reason }

// receive does all that one request asks for. The signature is checked first, so that strangers
// cost next to nothing.
func (rc *Receiver) receive(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		return &refusal{http.StatusMethodNotAllowed, "want POST", nil}
	}
	if !isPlainJSON(r.Header) {
		return &refusal{http.StatusUnsupportedMediaType, "want plain application/json", nil}
	}
	digest, err := rc.keys.verify(r.Context(), r.Header.Values(SignatureHeader), rc.now())
	if errors.Is(err, errNoKeys) {
		return &refusal{http.StatusServiceUnavailable, "cannot read the keys of the signature: send the event again", err}
	}
	if err != nil {
		return &refusal{http.StatusUnauthorized, "the event is not signed by our FusionAuth", err}
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(endWithin)) // if the server sets none; only a test's ResponseWriter cannot
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return &refusal{http.StatusRequestEntityTooLarge, "the event is longer than 1 MiB", nil}
	}
	if err != nil {
		return &refusal{http.StatusBadRequest, "the event is incomplete", nil}
	}
	if !digest.of(body) {
		return &refusal{http.StatusUnauthorized, "the event is not the one that was signed", nil}
	}
	event, err := decode(body)
	if err != nil {
		return &refusal{http.StatusBadRequest, "cannot read the event", err}
	}
	ending, err := event.ending()
	if err != nil {
		return &refusal{http.StatusBadRequest, "cannot read the event", err}
	}
	if ending.reason == "" || rc.seen.has(event.ID, rc.now()) {
		return nil
	}
	if age := rc.now().Sub(event.created()); age > maxAge || age < -maxSkew {
		return &refusal{http.StatusBadRequest, "the event is more than an hour old or new: a replay, or the clocks differ", fmt.Errorf("it is %v old", age.Round(time.Second))}
	}
	ended, err := rc.end(r.Context(), event, ending)
	if err != nil {
		return err
	}
	rc.seen.add(event.ID, rc.now())
	rc.log.InfoContext(r.Context(), "webhook", "event", event.ID, "type", event.Type, "user", ending.userID, "ended", ended)
	return nil
}

// isPlainJSON reports whether a body is uncompressed JSON. A header that is sent twice counts as
// neither.
func isPlainJSON(h http.Header) bool {
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	encoding := h.Get("Content-Encoding")
	return err == nil && kind == "application/json" && (encoding == "" || encoding == "identity") && len(h["Content-Type"]) == 1 && len(h["Content-Encoding"]) <= 1
}

// end ends the sessions. It continues if FusionAuth hangs up, and one app does not wait for
// another's store to come back.
func (rc *Receiver) end(ctx context.Context, e event, ending ending) (ended int, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endWithin)
	defer cancel()
	var errs []error
	for _, a := range rc.apps {
		if ending.applicationID != "" && !strings.EqualFold(ending.applicationID, a.ApplicationID) {
			continue
		}
		if ending.userID == "" {
			if err := a.Guard.EndAppSessions(ctx, e.created(), ending.reason); err != nil {
				errs = append(errs, fmt.Errorf("application %s: %w", a.ApplicationID, err))
			}
			continue
		}
		n, err := a.Guard.EndUser(ctx, ending.userID, ending.reason, latchkey.StartedUntil(e.created()), latchkey.WithRefreshTokens(ending.refreshTokenIDs()...))
		ended += n
		if err != nil {
			errs = append(errs, fmt.Errorf("application %s: %w", a.ApplicationID, err))
		}
	}
	return ended, errors.Join(errs...)
}
