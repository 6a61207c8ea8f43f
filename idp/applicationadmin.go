package idp

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"strings"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
)

// KnownApplication is an application as it is kept: its client secret is no longer known.
type KnownApplication struct {
	Application
	Active          bool
	HasClientSecret bool
}

func (a application) known() KnownApplication {
	return KnownApplication{a.Application, a.active, len(a.secretDigest) > 0}
}

// ApplicationByID returns an application. Unknown: ErrNotFound.
func (s *Server) ApplicationByID(ctx context.Context, id string) (KnownApplication, error) {
	a, err := readApplication(ctx, s.db, strings.ToLower(id))
	return a.known(), err
}

// Applications returns the applications of all tenants, by name.
func (s *Server) Applications(ctx context.Context) ([]KnownApplication, error) {
	ids, err := database.Strings(ctx, s.db, `SELECT id FROM applications ORDER BY name, id`)
	if err != nil {
		return nil, err
	}
	var all []KnownApplication
	for _, id := range ids {
		a, err := s.ApplicationByID(ctx, id)
		if errors.Is(err, ErrNotFound) {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// NewClientSecret gives an application another client secret, which is
// returned here and never again, and has /oauth2/token ask for it. The one
// before is refused from now on. Unknown: ErrNotFound.
func (s *Server) NewClientSecret(ctx context.Context, id string) (string, error) {
	id = strings.ToLower(id)
	secret := freshSecret()
	err := s.db.Write(ctx, func(tx *sql.Tx) error {
		return database.Changed(tx.Exec(`UPDATE applications SET client_secret_digest = $1, client_authentication = $2,
			last_update_instant = CASE WHEN last_update_instant >= $3 THEN last_update_instant + 1 ELSE $3 END WHERE id = $4`,
			s.secrets.clientSecretDigest(id, secret), string(ClientAuthenticationRequired), database.Millis(s.now()), id))
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// freshSecret has 260 bits.
func freshSecret() string { return rand.Text() + rand.Text() }

// DeleteApplication deletes an application for good, with its registrations
// and refresh tokens. Unknown: ErrNotFound.
func (s *Server) DeleteApplication(ctx context.Context, id string) error {
	id = strings.ToLower(id)
	return s.outbox.Write(ctx, "", func(tx *outbox.Tx) error { return removeApplication(ctx, tx, id) })
}

func removeApplication(ctx context.Context, tx *outbox.Tx, id string) error {
	if _, err := revokeTokens(ctx, tx, revocation{applicationID: id}); err != nil { // with its event
		return err
	}
	return database.Changed(tx.Exec(`DELETE FROM applications WHERE id = $1`, id))
}
