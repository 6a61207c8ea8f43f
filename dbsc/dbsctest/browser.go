package dbsctest

import (
	"crypto"
	"net/http"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey/dbsc"
)

// ChromiumQuota is the number of signatures that Chromium makes for a site in nine minutes,
// registrations included.
const ChromiumQuota = 6

// A Browser is the part of a browser that sends the requests of the pages of one site. It is an
// [http.RoundTripper] with a cookie jar of its own, so an [http.Client] around it must have none.
// The fields are set before the first request. It is safe for concurrent use: goroutines are tabs.
type Browser struct {
	// Jar keeps the cookies. A bound cookie that is not in it is missing, so that deleting one from
	// it makes the next request refresh.
	Jar http.CookieJar
	// Transport sends all requests. Nil means [http.DefaultTransport].
	Transport http.RoundTripper
	// Now is the clock. Nil means [time.Now].
	Now func() time.Time
	// Background runs what a browser does beside the page: registrations, and refreshes ahead of
	// time. It may run them at once, or in a goroutine. Nil: they wait for [Browser.RunDue].
	Background func(run func())
	// Report is called with what became of each registration and refresh. Nil: nobody is.
	Report func(Event)
	// Quota bounds the signatures within nine minutes, as [ChromiumQuota] does. 0: they are not
	// bounded.
	Quota int
	// Audience makes proofs name the URL that they are for, as newer browsers do.
	Audience bool
	// UserAgent is sent with registrations and refreshes.
	UserAgent string
	// NewKey makes the key of a session. Nil: [GenerateKey].
	NewKey func(dbsc.Algorithm) (crypto.Signer, error)

	mu       sync.Mutex
	sessions []*session // the oldest first
	cookies  map[cookieID]setCookie
	signed   []time.Time
	due      []task
}

// RoundTrip sends a request of a page. It first refreshes the sessions that the request is in scope
// of, and whose bound cookies are missing. A request that another origin caused, as its
// Sec-Fetch-Site says, is not worth a refresh to browsers.
func (b *Browser) RoundTrip(r *http.Request) (*http.Response, error) {
	sent := r.Clone(r.Context())
	if site := r.Header.Get("Sec-Fetch-Site"); site != "cross-site" && site != "same-site" {
		for _, e := range b.refreshBefore(r.Context(), r.URL) {
			if e.Kind == Skipped {
				skipped := dbsc.Skipped{Reason: dbsc.SkipReason(e.Reason), SessionID: e.SessionID}
				if err := skipped.AddTo(sent.Header); err != nil {
					return nil, err
				}
			}
		}
	}
	resp, err := b.send(sent)
	if err != nil {
		return nil, err
	}
	resp.Request = r
	b.keepChallenges(r.URL, resp.Header)
	b.takeOffers(r.URL, resp.Header)
	return resp, nil
}

func (b *Browser) now() time.Time {
	if b.Now != nil {
		return b.Now()
	}
	return time.Now()
}

func (b *Browser) report(e Event) Event {
	if b.Report != nil {
		b.Report(e)
	}
	return e
}
