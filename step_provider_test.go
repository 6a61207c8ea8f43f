package latchkey_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// onceProvider is a provider with one-time refresh tokens, in memory, for tests with thousands of histories. It keeps the
// rule of the embedded provider: a token is good until its successor is presented, and answers that same successor. Its id stays, as FusionAuth's does.
type onceProvider struct {
	tokenLife time.Duration // of the JWTs; 0: unknown

	renames bool // each token has an id of its own
	refuses bool // every refresh
	user    latchkey.User

	mu       sync.Mutex
	families map[string]*family // by id
	renewals int
}

type family struct {
	newest  int // number of the newest token
	arrived int // the newest one that was presented
	revoked bool
}

func newOnceProvider() *onceProvider {
	return &onceProvider{user: ada, families: make(map[string]*family)}
}

var ada = latchkey.User{ID: "ada", Email: "ada@example.com"}

func (p *onceProvider) grant(id string, number int) latchkey.Grant {
	g := latchkey.Grant{User: p.user, Token: "jwt", RefreshToken: latchkey.Secret(fmt.Sprintf("%s %d", id, number)), RefreshTokenID: id}
	if p.tokenLife > 0 {
		g.TokenExpiresAt = time.Now().Add(p.tokenLife)
	}
	if p.renames {
		g.RefreshTokenID = string(g.RefreshToken)
	}
	return g
}

func (p *onceProvider) Login(ctx context.Context, _ latchkey.Credentials) (latchkey.Grant, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := fmt.Sprintf("family-%d", len(p.families))
	p.families[id] = &family{}
	return p.grant(id, 0), ctx.Err()
}

func (p *onceProvider) Refresh(ctx context.Context, r latchkey.Renewal) (latchkey.Grant, error) {
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
	if err != nil || f == nil || f.revoked || p.refuses || number < f.arrived {
		return latchkey.Grant{}, &latchkey.ProviderError{Code: latchkey.CodeRefreshRefused}
	}
	f.arrived = number
	if number == f.newest {
		f.newest++
	}
	return p.grant(id, f.newest), nil
}

func (p *onceProvider) Revoke(ctx context.Context, refreshTokenID string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, f := range p.families {
		if p.grant(id, f.newest).RefreshTokenID == refreshTokenID {
			f.revoked = true
		}
	}
	return ctx.Err()
}

// alive returns how many tokens could still be traded.
func (p *onceProvider) alive() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.families {
		if !f.revoked {
			n++
		}
	}
	return n
}

// calls returns how many refreshes were asked for since the last call.
func (p *onceProvider) calls() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n, p.renewals = p.renewals, 0
	return n
}

// logins returns how many there were.
func (p *onceProvider) logins() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.families)
}
