package dbsctest

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/latchkey-dev/latchkey/dbsc"
)

// maxPosts is how often a refresh is posted before the browser gives the session up.
const maxPosts = 5

// A flight is a refresh that several requests wait for.
type flight struct {
	done  chan struct{} // closed when event is there
	event Event
}

// refreshBefore does what a request to a URL waits for, and returns what became of it. A session
// whose cookie lives less than two minutes more is refreshed beside the request.
func (b *Browser) refreshBefore(ctx context.Context, u *url.URL) (events []Event) {
	for _, s := range b.current() {
		switch left := b.left(s, u); {
		case left <= 0:
			events = append(events, b.Refresh(ctx, s.ID))
		case left < ahead:
			b.refreshLater(s, u)
		}
	}
	return events
}

// Refresh refreshes a session now, or waits for the refresh under way. The event is reported, too.
func (b *Browser) Refresh(ctx context.Context, id string) Event {
	s := b.find(id)
	if s == nil {
		return Event{Ended, id, "there is no such session"}
	}
	b.mu.Lock()
	f := s.flight
	if f != nil {
		b.mu.Unlock()
		select {
		case <-f.done:
			return f.event
		case <-ctx.Done():
			return Event{Skipped, id, string(dbsc.Unreachable)}
		}
	}
	f = &flight{done: make(chan struct{})}
	s.flight = f
	b.mu.Unlock()

	f.event = b.report(b.refresh(context.WithoutCancel(ctx), s)) // others wait for it, too
	b.mu.Lock()
	s.flight = nil
	b.mu.Unlock()
	close(f.done)
	return f.event
}

// refresh posts proofs until the server has decided.
func (b *Browser) refresh(ctx context.Context, s *session) Event {
	for range maxPosts {
		jwt, err := b.nextProof(s)
		switch {
		case err == errQuota:
			return Event{Skipped, s.ID, string(dbsc.QuotaExceeded)}
		case err != nil:
			return b.end(s, err.Error())
		}
		resp, err := b.Post(ctx, s.RefreshURL, s.Origin, s.ID, jwt)
		if err != nil {
			return Event{Skipped, s.ID, string(dbsc.Unreachable)}
		}
		event := b.answered(s, resp)
		resp.Body.Close()
		if event != nil {
			return *event
		}
	}
	return b.end(s, tooManyChallenges)
}

// answered reads one answer. It returns nil if the browser posts again.
func (b *Browser) answered(s *session, resp *http.Response) *Event {
	b.takeOffers(resp.Request.URL, resp.Header)
	event := Event{}
	switch code := resp.StatusCode; {
	case code >= 500:
		event = Event{Skipped, s.ID, string(dbsc.ServerError)}
	case code == http.StatusForbidden && b.challenged(s, resp.Header):
		return nil
	case code == http.StatusForbidden:
		event = b.end(s, invalidChallenge)
	case code < 200 || code > 299:
		event = b.end(s, persistentHTTPError)
	default:
		event = b.refreshed(s, resp)
	}
	return &event
}

// challenged reports whether the browser has something to send after a 403: a proof for the new
// challenge, or else the last one again.
func (b *Browser) challenged(s *session, h http.Header) bool {
	challenges, err := dbsc.ParseChallenges(h)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range challenges {
		if c.SessionID == s.ID {
			s.Challenge = c.Value
			return true
		}
	}
	return err == nil && challenges == nil && s.Proof != ""
}

// refreshed reads a success. An empty body keeps the instructions.
func (b *Browser) refreshed(s *session, resp *http.Response) Event {
	read, reason := readBody(resp)
	switch {
	case reason != "":
		return b.end(s, reason)
	case read == nil:
	case read.ends():
		return b.end(s, serverRequestedTermination)
	case read.SessionID != s.ID:
		return b.end(s, mismatchedSessionID)
	default:
		b.mu.Lock()
		err := s.follow(read.Instructions, resp.Request.URL)
		b.mu.Unlock()
		if err != nil {
			return b.end(s, err.Error())
		}
	}
	b.keepChallenges(resp.Request.URL, resp.Header)
	return Event{Kind: Refreshed, SessionID: s.ID}
}

// end forgets a session, unless another has its id by now.
func (b *Browser) end(s *session, reason string) Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sessions = slices.DeleteFunc(b.sessions, func(other *session) bool { return other == s })
	return Event{Ended, s.ID, reason}
}
