package idp

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
)

// KnownApplication is an application as it is stored: its client secret is no longer known.
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
	// with its event
	if _, err := revokeTokens(ctx, tx, revocation{applicationID: id}); err != nil {
		return err
	}
	return database.Changed(tx.Exec(`DELETE FROM applications WHERE id = $1`, id))
}

// ChangeApplication changes the application with this id, or creates one with the defaults. It
// stores what change sets and leaves the rest, including the client secret, which change sees as
// "". If another call writes at the same time, change is called again with what that one wrote.
// Mistakes are a [ValidationError].
func (s *Server) ChangeApplication(ctx context.Context, id string, change func(*Application)) error {
	id, err := applicationID(id)
	if err != nil {
		return err
	}
	for {
		if err := s.changeApplication(ctx, id, change); !errors.Is(err, ErrNotFound) {
			return err
		}
	}
}

// changeApplication is one attempt. ErrNotFound: another call has written meanwhile.
func (s *Server) changeApplication(ctx context.Context, id string, change func(*Application)) error {
	old, err := readApplication(ctx, s.db, id)
	if errors.Is(err, ErrNotFound) {
		a := Application{}
		change(&a)
		a.ID = id
		return s.storeApplication(ctx, a, s.secrets.newClientSecretDigest(a), insertApplication+` ON CONFLICT (id) DO NOTHING`)
	}
	if err != nil {
		return err
	}
	a := old.Application
	change(&a)
	a.ID = id
	if !strings.EqualFold(a.TenantID, old.TenantID) {
		return errOtherTenant
	}
	return s.storeApplication(ctx, a, s.secrets.newClientSecretDigest(a),
		fmt.Sprintf(`UPDATE applications %s WHERE id = $1 AND tenant_id = $2 AND last_update_instant = %d`, keepSecret, old.updated))
}

// EnsureApplication creates an application, or replaces the one with its ID: what
// a says is what there is afterwards, with defaults if it says nothing.
// [Server.ChangeApplication] leaves alone what it does not name.
func (s *Server) EnsureApplication(ctx context.Context, a Application) error {
	id, err := applicationID(a.ID)
	if err != nil {
		return err
	}
	a.ID = id
	err = s.storeApplication(ctx, a, s.secrets.newClientSecretDigest(a), insertApplication+` ON CONFLICT (id) DO UPDATE `+setApplication+` WHERE applications.tenant_id = $2`)
	if errors.Is(err, ErrNotFound) {
		return errOtherTenant
	}
	return err
}

// SetApplicationActive switches an application off, so that it can neither log
// in nor refresh, or on again. Unknown: ErrNotFound.
func (s *Server) SetApplicationActive(ctx context.Context, id string, active bool) error {
	return s.db.Write(ctx, func(tx *sql.Tx) error {
		return database.Changed(tx.Exec(`UPDATE applications SET active = $1,
			last_update_instant = CASE WHEN last_update_instant >= $2 THEN last_update_instant + 1 ELSE $2 END WHERE id = $3`, active, database.Millis(s.now()), strings.ToLower(id)))
	})
}
