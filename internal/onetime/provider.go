// Package onetime is an identity provider in memory with one-time refresh tokens, for tests with
// thousands of histories.
package onetime

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// A Provider follows the embedded provider's rule: a token is valid until its successor is
// presented, and answers that same successor. Its id stays, as FusionAuth's does. It lets everyone
// log in. Its fields may change while nobody calls it.
type Provider struct {
	User      latchkey.User // of all logins
	TokenLife time.Duration // of the JWTs; 0: unknown
	Renames   bool          // each token has an id of its own
	Refuses   bool          // every refresh

	mu       sync.Mutex
	families map[string]*family // by id
	renewals int
}

type family struct {
	newest  int // number of the newest token
	arrived int // the newest one that was presented
	revoked bool
}

// Ada is the user who logs in.
var Ada = latchkey.User{ID: "ada", Email: "ada@example.com"}

// New returns a provider of Ada.
func New() *Provider { return &Provider{User: Ada, families: make(map[string]*family)} }

func (p *Provider) grant(id string, number int) latchkey.Grant {
	g := latchkey.Grant{User: p.User, Token: "jwt", RefreshToken: latchkey.Secret(fmt.Sprintf("%s %d", id, number)), RefreshTokenID: id}
	if p.TokenLife > 0 {
		g.TokenExpiresAt = time.Now().Add(p.TokenLife)
	}
	if p.Renames {
		g.RefreshTokenID = string(g.RefreshToken)
	}
	return g
}

// Login is part of [latchkey.Provider].
func (p *Provider) Login(ctx context.Context, _ latchkey.Credentials) (latchkey.Grant, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := fmt.Sprintf("family-%d", len(p.families))
	p.families[id] = &family{}
	return p.grant(id, 0), ctx.Err()
}

// Refresh is part of [latchkey.Provider].
func (p *Provider) Refresh(ctx context.Context, r latchkey.Renewal) (latchkey.Grant, error) {
	if err := ctx.Err(); err != nil {
		return latchkey.Grant{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.renewals++
	var id string
	var number int
	_, err := fmt.Sscan(string(r.RefreshToken), &id, &number)
	f := p.families[id]
	if err != nil || f == nil || f.revoked || p.Refuses || number < f.arrived {
		return latchkey.Grant{}, &latchkey.ProviderError{Code: latchkey.CodeRefreshRefused}
	}
	f.arrived = number
	if number == f.newest {
		f.newest++
	}
	return p.grant(id, f.newest), nil
}

// Revoke is part of [latchkey.Provider].
func (p *Provider) Revoke(ctx context.Context, refreshTokenID string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, f := range p.families {
		if p.grant(id, f.newest).RefreshTokenID == refreshTokenID {
			f.revoked = true
		}
	}
	return ctx.Err()
}

// Alive returns how many tokens could still be redeemed.
func (p *Provider) Alive() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.families {
		if !f.revoked {
			n++
		}
	}
	return n
}

// Calls returns the number of refreshes since the last call.
func (p *Provider) Calls() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, p.renewals = p.renewals, 0
	return n
}

// Logins returns how many there were.
func (p *Provider) Logins() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.families)
}
