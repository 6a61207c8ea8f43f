package latchkey_test

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"sync"

	"github.com/latchkey-dev/latchkey"
)

// A directory is a Provider of the app's own, with its users in memory. Package providertest tests
// it; examples/ownusers has one on a table of a database.
type directory struct{ *table }

type table struct {
	iterations int // of PBKDF2

	mu     sync.Mutex
	users  map[string]row    // by login id
	tokens map[string]string // login ids, by refresh token; a database has digests in its place
}

type row struct {
	id, salt string
	hash     []byte
}

func newDirectory(iterations int) directory {
	return directory{&table{iterations: iterations, users: make(map[string]row), tokens: make(map[string]string)}}
}

func (d directory) add(loginID, password string) {
	salt := rand.Text()
	d.users[loginID] = row{id: rand.Text(), salt: salt, hash: d.hash(password, salt)}
}

func (d directory) hash(password, salt string) []byte {
	sum, err := pbkdf2.Key(sha256.New, password, []byte(salt), d.iterations, 32)
	check(err)
	return sum
}

// Login takes as long for a login id that nobody has.
func (d directory) Login(_ context.Context, c latchkey.Credentials) (latchkey.Grant, error) {
	d.mu.Lock()
	user, known := d.users[c.LoginID]
	d.mu.Unlock()
	if subtle.ConstantTimeCompare(d.hash(string(c.Password), user.salt), user.hash) != 1 || !known {
		return latchkey.Grant{}, &latchkey.ProviderError{Code: latchkey.CodeInvalidCredentials}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	token := rand.Text()
	d.tokens[token] = c.LoginID
	return d.grant(user, token), nil
}

// Refresh refuses only what is really gone.
func (d directory) Refresh(_ context.Context, r latchkey.Renewal) (latchkey.Grant, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	user, known := d.users[d.tokens[string(r.RefreshToken)]]
	if !known {
		return latchkey.Grant{}, &latchkey.ProviderError{Code: latchkey.CodeRefreshRefused}
	}
	return d.grant(user, string(r.RefreshToken)), nil
}

func (d directory) Revoke(_ context.Context, refreshTokenID string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for token := range d.tokens {
		if tokenID(token) == refreshTokenID {
			delete(d.tokens, token)
		}
	}
	return nil
}

func (d directory) grant(user row, token string) latchkey.Grant {
	return latchkey.Grant{
		User: latchkey.User{ID: user.id}, RefreshToken: latchkey.Secret(token), RefreshTokenID: tokenID(token), AuthMethods: []string{"pwd"},
	}
}

// tokenID names a token without showing it.
func tokenID(token string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(token)))[:32] }

// A provider of the app's own.
func ExampleProvider() {
	users := newDirectory(600_000) // OWASP, "Password Storage Cheat Sheet"
	users.add("ada@example.com", "correct horse battery staple")
	var provider latchkey.Provider = users

	_, err := provider.Login(context.Background(), latchkey.Credentials{LoginID: "ada@example.com", Password: "a guess"})
	fmt.Println(err)
	grant, err := provider.Login(context.Background(), latchkey.Credentials{LoginID: "ada@example.com", Password: "correct horse battery staple"})
	fmt.Println(grant.RefreshToken, err)
	// Output:
	// provider: invalid_credentials
	// [secret] <nil>
}
