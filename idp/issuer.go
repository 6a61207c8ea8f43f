package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/internal/issuer"
)

// unnamedIssuer is the issuer of a new database if neither Config.Issuer nor Config.URL says more.
// Databases from before there was a choice have it as well.
const unnamedIssuer = "latchkey"

// issuers says which iss the tokens of a tenant have. It asks the database each time, so that all
// nodes agree from the moment of a change.
type issuers struct {
	db  database.Queries
	now func() time.Time
}

// issuerOf is what the tokens of tenant t name, where d is the default tenant.
const issuerOf = `CASE WHEN t.issuer = '' THEN d.issuer ELSE t.issuer END`

// of returns the iss of the tokens that a tenant issues now.
func (i issuers) of(ctx context.Context, tenantID string) (name string, err error) {
	err = i.db.QueryRowContext(ctx, `SELECT `+issuerOf+` FROM tenants t, tenants d WHERE d.is_default AND t.id = $1`, tenantID).Scan(&name)
	if err != nil {
		return "", fmt.Errorf("read issuer: %w", database.NotFoundIfNone(err))
	}
	return name, nil
}

// ofTenant is of for a tenant that was read.
func (i issuers) ofTenant(ctx context.Context, t Tenant) (string, error) {
	if t.Issuer != "" {
		return t.Issuer, nil
	}
	return i.of(ctx, t.ID)
}

// accepts reports whether tokens of a tenant may name an issuer: the one of today, or one that
// tokens which have not expired may have been issued under.
func (i issuers) accepts(ctx context.Context, tenantID, name string) (accepted bool, err error) {
	if hasNUL(tenantID + name) {
		return false, nil // the holder of an application's key signs anything
	}
	err = i.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM tenants t, tenants d WHERE d.is_default AND t.id = $1 AND `+issuerOf+` = $2)
		OR EXISTS (SELECT 1 FROM former_issuers WHERE tenant_id = $1 AND issuer = $2 AND until > $3)`, tenantID, name, database.Millis(i.now())).Scan(&accepted)
	if err != nil {
		return false, fmt.Errorf("read issuer: %w", err)
	}
	return accepted, nil
}

// lockIssuers makes other writers of issuers wait until the end of the transaction. The row of the
// default tenant is the lock.
func lockIssuers(tx *sql.Tx) error {
	return database.Changed(tx.Exec(`UPDATE tenants SET is_default = TRUE WHERE is_default`))
}

// issuerSpread is how long a token may still be signed with an issuer that was read just before it
// changed.
const issuerSpread = time.Minute

// changeIssuer is part of the transaction that writes a tenant. It refuses an issuer that the
// tenant cannot have.
func (s *Server) changeIssuer(tx *sql.Tx, tenantID, next string, now time.Time) error {
	if err := lockIssuers(tx); err != nil {
		return err
	}
	if err := s.checkIssuer(tx, tenantID, next); err != nil {
		return err
	}
	return keepFormerIssuer(tx, tenantID, next, now)
}

// keepFormerIssuer is part of a transaction, after lockIssuers, in which a tenant gets another
// issuer: tokens that name the one before stay valid until they expire. With the issuer of the
// default tenant changes that of the tenants that have none of their own.
func keepFormerIssuer(tx *sql.Tx, tenantID, next string, now time.Time) error {
	if _, err := tx.Exec(`DELETE FROM former_issuers WHERE until <= $1`, database.Millis(now)); err != nil {
		return err
	}
	_, err := tx.Exec(`INSERT INTO former_issuers (tenant_id, issuer, until)
		SELECT t.id, `+issuerOf+`, $1 + 1000 * coalesce((SELECT max(access_token_ttl) FROM applications WHERE tenant_id = t.id AND access_token_ttl > $2), $2)
		FROM tenants t, tenants d WHERE d.is_default AND (t.id = $3 OR d.id = $3 AND t.issuer = '') AND `+issuerOf+` <> CASE WHEN $4 = '' THEN d.issuer ELSE $4 END
		ON CONFLICT (tenant_id, issuer) DO UPDATE SET until = CASE WHEN excluded.until > former_issuers.until THEN excluded.until ELSE former_issuers.until END`,
		database.Millis(now.Add(issuerSpread)), int64(defaultAccessTokenTTL/time.Second), tenantID, next)
	return err
}

// checkIssuer refuses an issuer that a tenant cannot have. The one that it has may stay, whatever
// it is: what was read can be written back.
func (s *Server) checkIssuer(tx *sql.Tx, tenantID, next string) error {
	const field = "tenant.issuer"
	var current string
	var isDefault bool
	err := tx.QueryRow(`SELECT `+issuerOf+`, t.is_default FROM tenants t, tenants d WHERE d.is_default AND t.id = $1`, tenantID).Scan(&current, &isDefault)
	if database.IgnoreNoRows(err) != nil {
		return err
	}
	if next == "" || next == current {
		return nil
	}
	if err := issuer.Check(next); err != nil {
		return fusion.Invalid(field, "invalid", "The issuer: "+err.Error()+".")
	}
	if isDefault && s.issuer != "" && next != s.issuer {
		return fusion.Invalid(field, "invalid", "The issuer is in the provider's configuration ("+s.issuer+"): change it there.")
	}
	return nil
}

// setIssuer gives the default tenant the issuer of the configuration.
func (s *Server) setIssuer(ctx context.Context) error {
	if s.issuer == "" {
		return nil
	}
	var before string
	now := s.now()
	err := s.db.Write(ctx, func(tx *sql.Tx) error {
		if err := lockIssuers(tx); err != nil {
			return err
		}
		var id string
		if err := tx.QueryRow(`SELECT id, issuer FROM tenants WHERE is_default`).Scan(&id, &before); err != nil || before == s.issuer {
			return err
		}
		if err := keepFormerIssuer(tx, id, s.issuer, now); err != nil {
			return err
		}
		return database.Changed(tx.Exec(`UPDATE tenants SET issuer = $1, last_update_instant = CASE WHEN last_update_instant >= $2 THEN last_update_instant + 1 ELSE $2 END WHERE id = $3`,
			s.issuer, database.Millis(now), id))
	})
	if err != nil {
		return fmt.Errorf("set issuer: %w", err)
	}
	if before != s.issuer {
		s.log.InfoContext(ctx, "issuer changed", "from", before, "to", s.issuer)
	}
	return nil
}

// checkIssuers reports an issuer, and a URL that could not become one.
func (c Config) checkIssuers() error {
	var errs []error
	for _, field := range []struct{ name, value string }{{"Issuer", c.Issuer}, {"URL", c.URL}} {
		if field.value == "" {
			continue
		}
		if err := issuer.Check(field.value); err != nil {
			errs = append(errs, fmt.Errorf("idp: Config.%s: %w", field.name, err))
		}
	}
	return errors.Join(errs...)
}
