package dbsctest

import (
	"context"
	"crypto"
	"net/http"
	"net/url"
	"slices"

	"github.com/latchkey-dev/latchkey/dbsc"
)

// takeOffers begins registrations. Browsers ignore offers without TLS, and those that they cannot
// read.
func (b *Browser) takeOffers(page *url.URL, h http.Header) {
	offers, _ := dbsc.ParseOffers(h)
	if page.Scheme != "https" {
		return
	}
	for _, offer := range offers {
		b.later(func(ctx context.Context) { b.Register(ctx, page, offer) })
	}
}

// Register makes a key and posts it, as if a response from page had the offer. The event is
// reported, too.
func (b *Browser) Register(ctx context.Context, page *url.URL, offer dbsc.Offer) Event {
	s := &session{}
	event, reason := Registered, b.register(ctx, page, offer, s)
	if reason != "" {
		event = NotRegistered
	} else if b.add(s) {
		b.report(Event{Ended, s.ID, replaced})
	}
	return b.report(Event{event, s.ID, reason})
}

// register returns why there is no session.
func (b *Browser) register(ctx context.Context, page *url.URL, offer dbsc.Offer, s *session) (reason string) {
	target, err := page.Parse(offer.Path)
	if err != nil {
		return err.Error()
	}
	if s.Key, err = b.newKey(offer.Algorithms); err != nil {
		return err.Error()
	}
	jwt := "" // without a challenge, browsers prove nothing
	if offer.Challenge != "" {
		if !b.countSignature() {
			return signingQuotaExceeded
		}
		claims := dbsc.Claims{Challenge: offer.Challenge, Authorization: offer.Authorization, Audience: b.audience(target)}
		if jwt, err = SignRegistration(s.Key, claims); err != nil {
			return err.Error()
		}
	}
	resp, err := b.Post(ctx, target, origin(page), "", jwt)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	return b.registered(resp, s)
}

// registered reads the answer to a registration.
func (b *Browser) registered(resp *http.Response, s *session) (reason string) {
	from := resp.Request.URL
	b.takeOffers(from, resp.Header)
	if resp.StatusCode != http.StatusOK {
		if resp.StatusCode == http.StatusForbidden && resp.Header.Get(dbsc.HeaderChallenge) != "" {
			return registrationChallenged
		}
		return persistentHTTPError
	}
	read, reason := readBody(resp)
	switch {
	case reason != "":
		return reason
	case read == nil:
		return invalidConfigJSON
	case read.ends():
		return serverRequestedTermination
	}
	s.ID = read.SessionID
	if err := s.follow(read.Instructions, from); err != nil {
		return err.Error()
	}
	challenges, _ := dbsc.ParseChallenges(resp.Header)
	for _, c := range challenges {
		if c.SessionID == s.ID {
			s.Challenge = c.Value
		}
	}
	return ""
}

// newKey makes a key for the first algorithm that browsers know.
func (b *Browser) newKey(offered []dbsc.Algorithm) (crypto.Signer, error) {
	known := slices.DeleteFunc(slices.Clone(offered), func(a dbsc.Algorithm) bool { return a != dbsc.ES256 && a != dbsc.RS256 })
	switch {
	case len(known) == 0:
		return nil, errAlgorithm
	case b.NewKey != nil:
		return b.NewKey(known[0])
	default:
		return GenerateKey(known[0])
	}
}
