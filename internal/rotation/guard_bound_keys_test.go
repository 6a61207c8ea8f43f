package rotation_test

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/dbsc"
	"github.com/latchkey-dev/latchkey/internal/rotation"
)

// What the routes for keys answer.
const (
	keyRegistered = "the key is registered"
	keyRefused    = "the key is refused"
	keyProven     = "the key is proven"
	keySealed     = "the key is proven, and the cookies are keyed now"
	keyForgotten  = "the key is to be forgotten"
	keyChallenged = "the key is challenged"
	keyRetry      = "the key is to be proven later"
)

// proof is what the route answers where browsers prove their keys. key is the one that counts.
func (m *boundModel) proof(r *http.Request) (outcome string, key *[64]byte, end time.Time) {
	text, _ := dbsc.SessionID(r.Header)
	of := m.known.identified[text]
	if of == nil || r.Method != http.MethodPost {
		return keyRetry, nil, end
	}
	p, unkeyed := m.keyProof(of)
	s := m.session(of)
	var keyed *walkPair
	if m.shown.refresh != nil && m.shown.refresh.keyed && !p.OtherSession {
		keyed = m.shown.refresh
	}
	key = m.keyOver(of, keyed)
	deadline := of.deadline
	if s.State != nil || !p.Key { // the id has it in whole minutes
		deadline = deadline.Add(time.Minute - time.Millisecond).Truncate(time.Minute)
	}
	if p.OtherSession || !m.now.Before(deadline) {
		return keyForgotten, key, end
	}
	limits := m.node.limits()
	verdict := limits.JudgeKey(s.State, p, m.now)
	if verdict == rotation.KeyChallenged {
		p.Answer, end = m.answer(of, r, *key)
		verdict = limits.JudgeKey(s.State, p, m.now)
	}
	switch verdict {
	case rotation.KeyUnknown:
		return keyRetry, key, end
	case rotation.KeyForgotten:
		return keyForgotten, key, end
	case rotation.KeyChallenged:
		return keyChallenged, key, end
	case rotation.KeyBound:
		at := m.now
		if keyed != nil {
			at = keyed.boundAt
		}
		next := s.Bound(at)
		s.State, s.key = &next, key
	}
	if unkeyed && s.State != nil {
		return keySealed, key, end
	}
	return keyProven, key, end
}

// keyProof is what the cookies say to the route, and whether a refresh cookie came and one of both
// is not keyed.
func (m *boundModel) keyProof(of *walkLogin) (p *rotation.KeyProof, unkeyed bool) {
	p = &rotation.KeyProof{}
	session, refresh := m.shown.session, m.shown.refresh
	if refresh != nil {
		p.OtherSession, p.Refresh = refresh.of != of, refresh.of == of
		p.Key, unkeyed = refresh.keyed && p.Refresh, !refresh.keyed
	}
	if session != nil && (refresh == nil || session.of == of) {
		p.OtherSession = p.OtherSession || session.of != of
		unkeyed = unkeyed || !session.keyed
	}
	return p, unkeyed && refresh != nil
}

func (m *boundModel) answer(of *walkLogin, r *http.Request, key [64]byte) (rotation.Answer, time.Time) {
	text, _ := dbsc.Response(r.Header)
	proof, err := dbsc.ParseProof(text)
	if err != nil {
		return rotation.NoAnswer, time.Time{}
	}
	limits, c := m.node.limits(), m.known.challenges[proof.Challenge]
	if c == nil || c.of != of || c.key != key {
		return rotation.StaleAnswer, time.Time{}
	}
	end, inTime := limits.ProofEnd(c.at, m.now)
	public, err := dbsc.ParseKey(key[:])
	switch {
	case err != nil:
		m.t.Fatal(err)
	case !inTime:
		return rotation.StaleAnswer, time.Time{}
	case proof.Verify(public) != nil:
		return rotation.WrongAnswer, time.Time{}
	}
	return rotation.RightAnswer, end
}

// registration is what the route answers where browsers register their keys: the first key counts,
// and only the login that was offered it can register one.
func (m *boundModel) registration(r *http.Request) (outcome string, key *[64]byte) {
	text, _ := dbsc.Response(r.Header)
	registration, err := dbsc.ParseRegistration(text, dbsc.ES256)
	refresh := m.shown.refresh
	if err != nil || refresh == nil || m.node.mode == latchkey.DeviceBindingOff {
		return keyRefused, nil
	}
	age := m.now.Sub(refresh.of.offeredAt)
	s := m.session(refresh.of)
	switch {
	case refresh.of.challenge != registration.Challenge || age > registerWithin || age < -rotation.ProofSkew:
		return keyRefused, nil
	case s.State == nil || s.Ended || !m.now.Before(s.Deadline) || !m.now.Before(s.RefreshExpiresAt):
		return keyRefused, nil
	case s.Registered || refresh.keyed || registration.Verify() != nil:
		return keyRefused, nil
	}
	k := [64]byte(registration.Key.Bytes())
	next := *s.State
	next.Registered = true
	s.State, s.key = &next, &k
	return keyRegistered, &k
}

const registerWithin = 2 * time.Minute

// outcomeOfKeys names an answer of the two routes.
func outcomeOfKeys(resp *http.Response, body []byte, pair *walkPair) string {
	var read struct {
		SessionID string `json:"session_identifier"`
		Continue  *bool  `json:"continue"`
	}
	_ = json.Unmarshal(body, &read) // a 403 has none
	registers := resp.Request.URL.Path == registerRoute
	switch {
	case resp.StatusCode == http.StatusOK && registers:
		return keyRegistered
	case resp.StatusCode == http.StatusForbidden && registers:
		return keyRefused
	case resp.StatusCode == http.StatusOK && read.Continue != nil && !*read.Continue:
		return keyForgotten
	case resp.StatusCode == http.StatusOK && pair != nil:
		return keySealed
	case resp.StatusCode == http.StatusOK:
		return keyProven
	case resp.StatusCode == http.StatusForbidden:
		return keyChallenged
	}
	return keyRetry
}
