package idp

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
)

// Imports says which imports are meant, by their time. The zero value means all.
type Imports struct {
	Since  time.Time // zero: from the first
	Before time.Time // zero: to the last
}

func (i Imports) end() int64 {
	if i.Before.IsZero() {
		return math.MaxInt64
	}
	return database.Millis(i.Before)
}

// unverifiedImport selects users of the given imports whose address has not been proved. A user
// with only a username has nothing to prove.
const unverifiedImport = `imported_instant > 0 AND imported_instant >= $1 AND imported_instant < $2 AND NOT verified AND email_key IS NOT NULL`

// CountUnverified returns how many imported users have not proved their addresses and were not
// imported as verified. They cannot log in to a tenant that gates unverified users.
func (s *Server) CountUnverified(ctx context.Context, of Imports) (n int, err error) {
	if err := s.db.QueryRowContext(ctx, `SELECT count(*) FROM users WHERE `+unverifiedImport, database.Millis(of.Since), of.end()).Scan(&n); err != nil {
		return 0, fmt.Errorf("count unverified users: %w", err)
	}
	return n, nil
}

// verifiedAtOnce bounds one write, which others wait for.
const verifiedAtOnce = 100

// MarkVerified marks the addresses of these users as verified, because the system that they come
// from had proved them. It does so in small transactions, raises an event for each user, and
// returns how many there were.
func (s *Server) MarkVerified(ctx context.Context, of Imports) (n int, err error) {
	for after := ""; ; {
		ids, err := database.Strings(ctx, s.db,
			`SELECT id FROM users WHERE `+unverifiedImport+fmt.Sprintf(` AND id > $3 ORDER BY id LIMIT %d`, verifiedAtOnce),
			database.Millis(of.Since), of.end(), after)
		if err != nil || len(ids) == 0 {
			return n, err
		}
		marked, err := s.markVerified(ctx, ids)
		if err != nil {
			return n, fmt.Errorf("mark users as verified: %w", err)
		}
		n, after = n+marked, ids[len(ids)-1]
	}
}

func (s *Server) markVerified(ctx context.Context, ids []string) (marked int, err error) {
	err = s.outbox.Write(ctx, "", func(tx *outbox.Tx) error {
		marked = 0
		for _, id := range ids {
			err := database.Changed(tx.Exec(`UPDATE users SET verified = TRUE, last_update_instant = $1 WHERE id = $2 AND NOT verified`,
				database.Millis(s.now()), id))
			if errors.Is(err, ErrNotFound) {
				continue // proved or deleted meanwhile
			}
			if err != nil {
				return err
			}
			if err := raiseUser(ctx, tx, "user.email.verified", id); err != nil {
				return err
			}
			marked++
		}
		return nil
	})
	return marked, err
}
