package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/dbsc/dbsctest"
)

// A bindingTrial is a browser with a key in software. It logs the user of the trial in where
// browsers find the app, because only that shows what something in front drops or changes.
type bindingTrial struct {
	dbsctest.Browser
	base   *url.URL // of the guard's routes
	origin string
	events []dbsctest.Event
}

// bindingTrial binds one session to a key, and logs out.
func (x *examination) bindingTrial(ctx context.Context, a App, origin *url.URL) {
	if x.Trial == nil || a.NotBound {
		return
	}
	const check = "device_binding_trial"
	jar, err := cookiejar.New(nil)
	if err != nil {
		x.found(Skipped, check, a.name(), err.Error(), "")
		return
	}
	b := &bindingTrial{base: origin.JoinPath(a.BasePath), origin: origin.String()}
	b.Browser = dbsctest.Browser{Jar: jar, Transport: limited{x.http}, Now: x.Now, UserAgent: userAgent, Report: func(e dbsctest.Event) { b.events = append(b.events, e) }}
	status, err := b.login(ctx, x.Trial)
	if err != nil || status != http.StatusOK {
		x.found(Skipped, check, a.name(), fmt.Sprintf("cannot log in at the app: status %d", status), "use a user whose password alone logs in; see the other findings")
		return
	}
	defer b.send(context.WithoutCancel(ctx), http.MethodPost, "logout", nil)
	if wrong, mend := b.bind(ctx); wrong != "" {
		x.found(Problem, check, a.name(), wrong, mend)
		return
	}
	x.found(OK, check, a.name(), "a session is bound to its browser's key, and proves it", "")
}

func (b *bindingTrial) login(ctx context.Context, t *Trial) (status int, err error) {
	form, err := json.Marshal(map[string]any{"loginId": t.LoginID, "password": string(t.Password), "remember": false})
	if err != nil {
		return 0, err
	}
	return b.send(ctx, http.MethodPost, "login", strings.NewReader(string(form)))
}

// send sends a request of the app's page.
func (b *bindingTrial) send(ctx context.Context, method, route string, body io.Reader) (status int, err error) {
	r, err := b.request(ctx, method, route, body)
	if err != nil {
		return 0, err
	}
	return b.status(r)
}

func (b *bindingTrial) request(ctx context.Context, method, route string, body io.Reader) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, b.base.JoinPath(route).String(), body)
	if err != nil {
		return nil, err
	}
	r.Header = http.Header{"Origin": {b.origin}, "Sec-Fetch-Site": {"same-origin"}, "User-Agent": {userAgent}, "Content-Type": {"application/json"}}
	return r, nil
}

func (b *bindingTrial) status(r *http.Request) (status int, err error) {
	resp, err := b.RoundTrip(r)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// bind does what a browser does beside its pages after a login. It returns what is wrong, and what
// to do about it.
func (b *bindingTrial) bind(ctx context.Context) (wrong, mend string) {
	const headers = "have what is in front of Latchkey pass on "
	if b.Due() == 0 {
		return "the answer to a login has no Secure-Session-Registration: browsers bind nothing", headers + "all Secure-Session- headers"
	}
	b.RunDue(ctx)
	if e := b.last(); e.Kind != dbsctest.Registered {
		return "a browser cannot register its key: " + e.Reason, headers + "the route for registrations, the cookies and Secure-Session-Response"
	}
	_, err := b.send(ctx, http.MethodGet, "user", nil)
	b.RunDue(ctx)
	if e := b.last(); err != nil || e.Kind != dbsctest.Refreshed {
		return "a browser cannot prove its key: " + e.Reason, headers + "the route for proofs, Sec-Secure-Session-Id, Secure-Session-Response and Secure-Session-Challenge"
	}
	before := len(b.events)
	if status, err := b.send(ctx, http.MethodGet, "user", nil); err != nil || status != http.StatusOK {
		return fmt.Sprintf("a session that was just bound is not served: status %d", status), "see Latchkey's log"
	}
	if len(b.events) > before {
		return "browsers do not find the cookie of their proof, and sign before every request, until they have signed too often", headers + "the attributes of cookies unchanged: Path, Secure, HttpOnly and SameSite"
	}
	if status, err := b.late(ctx); err != nil || status == http.StatusUnauthorized {
		return "users whose browser may not sign just now are asked for a login instead of waiting", headers + "Secure-Session-Skipped"
	}
	return "", ""
}

// late sends a request without a proof, as a browser does that has signed too often. It returns
// 200 if proofs are not asked for, or 503.
func (b *bindingTrial) late(ctx context.Context) (status int, err error) {
	session := b.Sessions()[0]
	proof, err := session.Instructions.Credentials[0].Cookie()
	if err != nil {
		return 0, err
	}
	proof.MaxAge = -1
	b.Jar.SetCookies(b.base, []*http.Cookie{proof})
	r, err := b.request(ctx, http.MethodGet, "user", nil)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Sec-Fetch-Site", "cross-site") // for which a browser does not sign
	skipped := dbsc.Skipped{Reason: dbsc.QuotaExceeded, SessionID: session.ID}
	if err := skipped.AddTo(r.Header); err != nil {
		return 0, err
	}
	return b.status(r)
}

// limited makes a client's time limit that of a transport.
type limited struct{ *http.Client }

// RoundTrip sends one request.
func (l limited) RoundTrip(r *http.Request) (*http.Response, error) { return l.Do(r) }

func (b *bindingTrial) last() dbsctest.Event {
	if len(b.events) == 0 {
		return dbsctest.Event{Reason: "nothing happened"}
	}
	return b.events[len(b.events)-1]
}
