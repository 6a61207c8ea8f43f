package idp

import (
	"context"
	"fmt"
	"strconv"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
)

// A revocation says which refresh tokens are meant: those of which all of it is true.
type revocation struct{ id, userID, applicationID, tenantID string }

// where is the choice as a condition whose arguments begin with $2.
func (of revocation) where() (condition string, args []any) {
	condition = "TRUE"
	for _, c := range []struct{ column, value string }{
		{"id", of.id}, {"user_id", of.userID}, {"application_id", of.applicationID}, {"tenant_id", of.tenantID},
	} {
		if c.value != "" {
			args = append(args, c.value)
			condition += " AND t." + c.column + " = $" + strconv.Itoa(len(args)+1)
		}
	}
	return condition, args
}

// revokeTokens revokes refresh tokens, raises the event of it, and returns how many they were.
func revokeTokens(ctx context.Context, tx *outbox.Tx, of revocation) (int64, error) {
	where, args := of.where()
	args = append([]any{database.Millis(tx.Now)}, args...)
	res, err := tx.Exec(`UPDATE refresh_tokens AS t SET revoked_instant = $1 WHERE t.revoked_instant = 0 AND `+where, args...)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	if err != nil || n == 0 {
		return n, err
	}
	return n, raise(ctx, tx, "jwt.refresh-token.revoke", func(ctx context.Context, e *event) error {
		return of.describe(ctx, tx, e, where, args)
	})
}

// revoke is revokeTokens in a transaction of its own, and logs it.
func (ts refreshTokens) revoke(ctx context.Context, caller, reason string, of revocation) (n int64, err error) {
	err = ts.outbox.Write(ctx, caller, func(tx *outbox.Tx) error {
		n, err = revokeTokens(ctx, tx, of)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("revoke refresh tokens: %w", err)
	}
	_, selectedBy := of.where()
	ts.log.InfoContext(ctx, "refresh tokens revoked", "reason", reason, "count", n, "selected_by", selectedBy)
	return n, nil
}

// describe fills in an event. It has FusionAuth's three shapes: of one token, of a user (in one
// application, or in all), and of an application.
func (of revocation) describe(ctx context.Context, q database.Queries, e *event, where string, args []any) error {
	rows, err := q.QueryContext(ctx, `SELECT DISTINCT t.tenant_id, a.id, a.access_token_ttl FROM refresh_tokens t JOIN applications a ON a.id = t.application_id
		WHERE t.revoked_instant = $1 AND `+where, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	e.TTLs = make(map[string]int64)
	for rows.Next() {
		var id string
		var ttl int64
		if err := rows.Scan(&e.TenantID, &id, &ttl); err != nil {
			return err
		}
		e.TTLs[id] = ttl
	}
	if err := rows.Err(); err != nil {
		return err
	}
	rows.Close() // before the next query of this transaction
	e.ApplicationID = of.applicationID
	if of.id != "" {
		f, err := readFamily(ctx, q, of.id)
		if err != nil {
			return err
		}
		token := f.json() // without its value: receivers need not be able to use it
		e.RefreshToken, e.ApplicationID, of.userID = &token, f.applicationID, f.userID
	}
	if of.userID == "" {
		return nil
	}
	return e.about(ctx, q, of.userID)
}
