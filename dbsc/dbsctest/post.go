package dbsctest

import (
	"context"
	"net/http"
	"net/url"

	"github.com/latchkey-dev/latchkey/dbsc"
)

// Post posts a registration, or, with a session id, a refresh, as browsers do: with the cookies,
// without a body, following redirects. The origin is that of the page or the scope. Any text can
// stand for the JWT; "" is none. The caller closes the body of the response.
func (b *Browser) Post(ctx context.Context, target *url.URL, from, sessionID, jwt string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	site := "same-site"
	if origin(target) == from {
		site = "same-origin"
	}
	for name, value := range map[string]string{
		"Origin": from, "Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "empty",
		"User-Agent": b.UserAgent, dbsc.HeaderSessionID: sessionID, dbsc.HeaderResponse: jwt,
	} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	client := http.Client{Transport: roundTripper(b.send)}
	return client.Do(r)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
