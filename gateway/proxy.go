package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// An exchange is one request on its way to the app, and what is known about it. It is also the
// request's context, in one allocation.
type exchange struct {
	context.Context
	began    time.Time
	session  *latchkey.Session // nil: nobody is logged in
	token    latchkey.Secret   // the session's JWT
	user     string            // Latchkey-User, signed
	body     *pacedBody        // nil: none
	cancel   context.CancelFunc
	released func() // ends the registration as a stream
}

type exchangeKey struct{}

func newExchange(ctx context.Context) *exchange {
	x := &exchange{began: time.Now()}
	x.Context, x.cancel = context.WithCancel(ctx)
	return x
}

// Value returns the exchange itself for its key.
func (x *exchange) Value(key any) any {
	if _, ok := key.(exchangeKey); ok {
		return x
	}
	return x.Context.Value(key)
}

func exchangeOf(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// passToUpstream asks the guard who the user is, and passes the request on. An expired JWT that
// could not be refreshed is not passed on: the app would answer 401, and the page would believe
// that the session had ended.
func (a *app) passToUpstream(w http.ResponseWriter, r *http.Request) {
	handler := a.open
	if a.rules.protects(r.URL.Path) {
		handler = a.protected
	}
	x := newExchange(r.Context())
	defer x.cancel()
	handler.ServeHTTP(w, r.WithContext(x))
}

// pass runs behind the guard.
func (a *app) pass(w http.ResponseWriter, r *http.Request) {
	x := exchangeOf(r.Context())
	x.session = nil
	if session, ok := latchkey.From(r.Context()); ok {
		if err := a.introduce(x, session); err != nil {
			latchkey.WriteError(w, err)
			return
		}
	}
	a.serve(w, r, x, a.upstream)
}

var errTokenExpired = errors.New("the JWT has expired, and the provider does not give another")

// introduce prepares what the app learns about the user. It waits for a JWT that has not expired.
func (a *app) introduce(x *exchange, session *latchkey.Session) (err error) {
	x.session = session
	if a.bearer {
		var until time.Time
		x.token, until, err = session.Token(x)
		if err == nil && !until.IsZero() && !until.After(a.now()) {
			err = errTokenExpired
		}
	}
	if a.signer != nil && err == nil {
		if x.user, err = a.signer.sign(session, a.now()); err != nil {
			a.log.ErrorContext(x, "cannot sign Latchkey-User", "app", a.host, "error", err)
		}
	}
	return err
}

// passToDevServer passes on a request for a file of the page, without an identity.
func (a *app) passToDevServer(w http.ResponseWriter, r *http.Request) {
	if origin := r.Header.Get("Origin"); r.Header.Get("Upgrade") != "" && origin != a.origin {
		crossOrigin.ServeHTTP(w, r)
		return
	}
	x := newExchange(r.Context())
	defer x.cancel()
	a.serve(w, r.WithContext(x), x, a.devServer)
}

func (a *app) serve(w http.ResponseWriter, r *http.Request, x *exchange, proxy *httputil.ReverseProxy) {
	defer func() {
		if x.released != nil {
			x.released()
		}
	}()
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	if reads {
		// An app that does not read such a body takes it for the next request, on a connection that
		// users share.
		r.Body, r.ContentLength, r.TransferEncoding = http.NoBody, 0, nil
	}
	if r.ContentLength != 0 {
		control := http.NewResponseController(w)
		if r.ContentLength < 0 {
			// The response may begin before such a body has ended. Over HTTP/1.1 the connection is
			// then closed: net/http would take the rest of the body for a request.
			control.EnableFullDuplex()
		}
		if a.maxBody > 0 {
			r.Body = http.MaxBytesReader(w, r.Body, a.maxBody)
		}
		x.body = &pacedBody{ReadCloser: r.Body, control: control, log: a.log}
		r.Body = x.body
		defer x.body.end()
	}
	out := &answer{w: w, control: http.NewResponseController(w), header: make(http.Header), kept: reads && x.session != nil, left: -1, log: a.log}
	proxy.ServeHTTP(out, r)
	out.end()
}

// rewrite makes the app's request from the client's. The proxy has removed hop-by-hop headers
// before, so that none can remove what is set here.
func (a *app) rewrite(pr *httputil.ProxyRequest, target *url.URL) {
	out := pr.Out
	cleanRequestHeader(out.Header, a.dropped)
	if up := out.Header.Get("Upgrade"); up != "" && !strings.EqualFold(up, "websocket") {
		out.Header.Del("Upgrade")
		out.Header.Del("Connection")
	}
	hideIdempotencyKey(out.Header)
	if out.Body == nil {
		out.Header.Del("Expect") // there is nothing to continue with
	}
	out.Trailer = nil
	out.Host = ""
	out.URL = &url.URL{
		Scheme: target.Scheme, Host: target.Host, Path: strings.TrimSuffix(target.Path, "/") + pr.In.URL.Path, RawQuery: out.URL.RawQuery,
	}
	tell(out.Header, a.proxies.chain(pr.In), a.scheme, a.host)
	x := exchangeOf(out.Context())
	if x.session == nil {
		return
	}
	if a.bearer {
		out.Header.Set("Authorization", "Bearer "+string(x.token))
	}
	if a.signer != nil {
		out.Header.Set("Latchkey-User", x.user)
	}
}

// received sees the app's response before any of it is passed on.
func (a *app) received(res *http.Response) {
	cleanAnswerHeader(res.Header, a.allowed)
	cleanAnswerHeader(res.Trailer, a.allowed)
	if conn, ok := res.Body.(io.ReadWriteCloser); ok && res.StatusCode == http.StatusSwitchingProtocols {
		res.Body = &quiet{conn, a.log}
	}
	if res.StatusCode == http.StatusSwitchingProtocols || res.ContentLength < 0 {
		x := exchangeOf(res.Request.Context())
		x.released = a.streams.hold(x)
	}
}

// failed answers in place of the app.
func (a *app) failed(w http.ResponseWriter, r *http.Request, err error) {
	x := exchangeOf(r.Context())
	var tooLong *http.MaxBytesError
	var timeout net.Error
	bodyErr := x.body.failure()
	switch {
	case errors.As(bodyErr, &tooLong):
		tooLarge.ServeHTTP(w, r)
	case errors.Is(bodyErr, os.ErrDeadlineExceeded):
		requestTimeout.ServeHTTP(w, r)
	case bodyErr != nil, r.Context().Err() != nil:
		panic(http.ErrAbortHandler) // the browser has gone
	case errors.Is(err, errHeaders):
		headersTooLarge.ServeHTTP(w, r)
	default:
		a.log.WarnContext(r.Context(), "no response from the app", "app", a.host, "upstream", r.URL.Host, "error", err)
		if errors.As(err, &timeout) && timeout.Timeout() && !isDial(err) {
			upstreamTimeout.ServeHTTP(w, r)
			return
		}
		upstreamUnavailable.ServeHTTP(w, r)
	}
}

func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// buffers are for copying bodies.
var buffers = &bufferPool{}

type bufferPool struct{ pool sync.Pool }

func (p *bufferPool) Get() []byte {
	if b, ok := p.pool.Get().(*[]byte); ok {
		return *b
	}
	return make([]byte, 32<<10)
}

func (p *bufferPool) Put(b []byte) { p.pool.Put(&b) }
