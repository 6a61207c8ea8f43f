package dbsctest

import (
	"crypto"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/latchkey-dev/latchkey/dbsc"
)

// A Session is what a browser keeps of a bound session.
type Session struct {
	ID           string
	Origin       string // of its scope
	RefreshURL   *url.URL
	Instructions dbsc.Instructions
	Key          crypto.Signer
	Challenge    string // to be signed at the next refresh; empty: the last proof is sent again
	Proof        string // the last one that was signed
}

// A session is one with what is under way.
type session struct {
	Session
	flight *flight
	queued bool // a refresh is due
}

// Sessions returns copies, the oldest first.
func (b *Browser) Sessions() []Session {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]Session, len(b.sessions))
	for i, s := range b.sessions {
		all[i] = s.Session
	}
	return all
}

// Put replaces the session with the same ID, or adds one: with another key, with an old challenge,
// or from another browser, as a copy of a whole profile does.
func (b *Browser) Put(s Session) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := b.index(s.ID); i >= 0 {
		b.sessions[i] = &session{Session: s}
	} else {
		b.sessions = append(b.sessions, &session{Session: s})
	}
}

// Drop makes the browser lose a session and its key, and keep the cookies.
func (b *Browser) Drop(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := b.index(id); i >= 0 {
		b.sessions = slices.Delete(b.sessions, i, i+1)
	}
}

// add adds a new session in place of an older one with its id, and reports whether there was one.
func (b *Browser) add(s *session) (replaced bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.index(s.ID)
	if i >= 0 {
		b.sessions = slices.Delete(b.sessions, i, i+1)
	}
	b.sessions = append(b.sessions, s)
	return i >= 0
}

// current returns the sessions themselves, the oldest first.
func (b *Browser) current() []*session {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.sessions)
}

// find returns nil if the browser does not have the session.
func (b *Browser) find(id string) *session {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := b.index(id); i >= 0 {
		return b.sessions[i]
	}
	return nil
}

func (b *Browser) index(id string) int {
	return slices.IndexFunc(b.sessions, func(s *session) bool { return s.ID == id })
}

// keepChallenges keeps the challenges of a response for the sessions that they name, if the URL is
// theirs.
func (b *Browser) keepChallenges(u *url.URL, h http.Header) {
	challenges, _ := dbsc.ParseChallenges(h) // a browser ignores those that it cannot read
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range challenges {
		i := b.index(c.SessionID)
		if i >= 0 && b.sessions[i].sameOrigin(u) {
			b.sessions[i].Challenge = c.Value
		}
	}
}

// covers reports whether requests to a URL wait for refreshes of the session.
func (s Session) covers(u *url.URL) bool {
	if !s.sameOrigin(u) || u.Host == s.RefreshURL.Host && u.Path == s.RefreshURL.Path {
		return false
	}
	for _, rule := range slices.Backward(s.Instructions.Scope.Rules) {
		if matches(rule, u) {
			return rule.Type == dbsc.Include
		}
	}
	return true
}

func (s Session) sameOrigin(u *url.URL) bool {
	if s.Instructions.Scope.IncludeSite {
		own, err := url.Parse(s.Origin)
		host := strings.ToLower(u.Hostname())
		return err == nil && (host == own.Hostname() || strings.HasSuffix(host, "."+own.Hostname()))
	}
	return origin(u) == s.Origin
}

func matches(rule dbsc.ScopeRule, u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	parent, isWildcard := strings.CutPrefix(rule.Domain, "*")
	isHost := host == rule.Domain || isWildcard && strings.HasSuffix(host, parent)
	return isHost && below(rule.Path, u.Path)
}

func origin(u *url.URL) string {
	return u.Scheme + "://" + strings.ToLower(strings.TrimSuffix(u.Host, ":443"))
}
