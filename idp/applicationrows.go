package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/signing"
)

// applicationID returns the id of an application that must have one.
func applicationID(id string) (string, error) {
	id, err := fusion.ParseID("application.id", id)
	if err != nil {
		return "", err
	}
	if id == "" {
		return "", fusion.Invalid("application.id", "blank", "An application needs an id.")
	}
	return id, nil
}

var errOtherTenant = fusion.Invalid("application.tenantId", "invalid", "An application cannot move to another tenant.")

// storeApplication writes an application by a statement of ours, and adds the roles, which are
// those of a new one. If the statement meets no row: ErrNotFound.
func (s *Server) storeApplication(ctx context.Context, a Application, secretDigest []byte, statement string, roles ...role) error {
	id := a.ID
	a = a.withDefaults()
	if err := a.check(); err != nil {
		return err
	}
	tenantID, err := tenantOrDefault(ctx, s.db, "application.tenantId", a.TenantID)
	if err != nil {
		return err
	}
	if a.AccessTokenKeyID, err = knownKeyID(ctx, s.keys, "application.jwtConfiguration.accessTokenKeyId", a.AccessTokenKeyID); err != nil {
		return err
	}
	grants, err := json.Marshal(a.EnabledGrants)
	if err != nil {
		return fmt.Errorf("idp: encode grants of application: %w", err)
	}
	now := database.Millis(s.now())
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		if err := signing.KeepFormer(tx, id, a.AccessTokenKeyID, database.FromMillis(now)); err != nil {
			return err
		}
		err := database.Changed(tx.Exec(statement, id, tenantID, a.Name, secretDigest, string(a.ClientAuthenticationPolicy),
			a.GenerateRefreshTokens, a.AllowTokenRefresh, string(grants),
			int64(a.AccessTokenTTL/time.Second), int64(a.RefreshTokenTTL/time.Second), int64(a.RefreshTokenMaxTTL/time.Second),
			string(a.UsagePolicy), string(a.ExpirationPolicy), a.OnOneTimeTokenReuse, now, a.PageURL, sql.NullString{String: a.AccessTokenKeyID, Valid: a.AccessTokenKeyID != ""}))
		if err != nil {
			return err
		}
		for i, r := range roles {
			if err := insertRole(tx, id, fmt.Sprintf("application.roles[%d]", i), r, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.keys.Reload(ctx) // it publishes for which applications a key signs
}

const insertApplication = `INSERT INTO applications (id, tenant_id, name, active, client_secret_digest, client_authentication,
	generate_refresh_tokens, allow_token_refresh, enabled_grants, access_token_ttl, refresh_token_ttl, refresh_token_max_ttl,
	refresh_token_usage, refresh_token_expiration, on_one_time_token_reuse, insert_instant, last_update_instant, page_url, access_token_key_id)
VALUES ($1, $2, $3, TRUE, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15, $16, $17)`

const setApplication = `SET client_secret_digest = $4, ` + setOther

// keepSecret is setApplication for a write that may have no secret: then the stored one stays.
const keepSecret = `SET client_secret_digest = COALESCE($4, client_secret_digest), ` + setOther

// setOther increases the time of the last change with each change: a conditional write notices
// one.
const setOther = `name = $3, client_authentication = $5,
	generate_refresh_tokens = $6, allow_token_refresh = $7, enabled_grants = $8, access_token_ttl = $9,
	refresh_token_ttl = $10, refresh_token_max_ttl = $11, refresh_token_usage = $12, refresh_token_expiration = $13,
	on_one_time_token_reuse = $14, last_update_instant = CASE WHEN applications.last_update_instant >= $15 THEN applications.last_update_instant + 1 ELSE $15 END, page_url = $16, access_token_key_id = $17`

// application is an Application as it is stored.
type application struct {
	Application
	active       bool
	updated      int64 // rises with each write
	secretDigest []byte
}

// accessTokenTTL is how long an access token for the application lives, or one for no application.
func (a application) accessTokenTTL() time.Duration {
	if a.ID == "" {
		return defaultAccessTokenTTL
	}
	return a.AccessTokenTTL
}

func readApplication(ctx context.Context, q database.Queries, id string) (application, error) {
	var a application
	var grants []byte
	var access, refresh, maximum int64
	err := q.QueryRowContext(ctx, `SELECT id, tenant_id, name, active, client_secret_digest, client_authentication,
		generate_refresh_tokens, allow_token_refresh, enabled_grants, access_token_ttl, refresh_token_ttl, refresh_token_max_ttl,
		refresh_token_usage, refresh_token_expiration, on_one_time_token_reuse, page_url, coalesce(access_token_key_id, ''), last_update_instant FROM applications WHERE id = $1`, id).
		Scan(&a.ID, &a.TenantID, &a.Name, &a.active, &a.secretDigest, (*string)(&a.ClientAuthenticationPolicy),
			&a.GenerateRefreshTokens, &a.AllowTokenRefresh, &grants, &access, &refresh, &maximum,
			(*string)(&a.UsagePolicy), (*string)(&a.ExpirationPolicy), &a.OnOneTimeTokenReuse, &a.PageURL, &a.AccessTokenKeyID, &a.updated)
	if errors.Is(err, sql.ErrNoRows) {
		return application{}, ErrNotFound
	}
	if err != nil {
		return application{}, fmt.Errorf("read application: %w", err)
	}
	a.AccessTokenTTL = time.Duration(access) * time.Second
	a.RefreshTokenTTL = time.Duration(refresh) * time.Second
	a.RefreshTokenMaxTTL = time.Duration(maximum) * time.Second
	if err := json.Unmarshal(grants, &a.EnabledGrants); err != nil {
		return application{}, fmt.Errorf("decode grants of application: %w", err)
	}
	return a, nil
}
