package idp

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/internal/crash"
)

const (
	firstSweep = time.Hour // after the start
	sweepEvery = 24 * time.Hour
	sweepBatch = 500 // tokens in one write, which others wait for
)

// deadFamily is the condition for a refresh token of the table t to have been revoked or to have
// expired by the policy of today; $1 is the time.
const deadFamily = `(t.revoked_instant > 0 OR (
	SELECT CASE a.refresh_token_expiration
		WHEN 'Fixed' THEN t.start_instant + a.refresh_token_ttl * 1000 <= $1
		WHEN 'SlidingWindow' THEN t.last_accessed_instant + a.refresh_token_ttl * 1000 <= $1
		ELSE t.last_accessed_instant + a.refresh_token_ttl * 1000 <= $1 OR t.start_instant + a.refresh_token_max_ttl * 1000 <= $1
	END FROM applications a WHERE a.id = t.application_id))`

// Sweep deletes the refresh tokens that were revoked or have expired by the policy of today, some
// hundred at a time, and returns how many. They are refused with or without it. A Server does it by
// itself once a day, unless Config.LeaveEvents is set.
func (s *Server) Sweep(ctx context.Context) (n int64, err error) {
	for after := ""; ; {
		ids, err := database.Strings(ctx, s.db, `SELECT id FROM refresh_tokens AS t WHERE id > $2 AND `+deadFamily+fmt.Sprintf(` ORDER BY id LIMIT %d`, sweepBatch), database.Millis(s.now()), after)
		if err != nil {
			return n, err
		}
		if len(ids) == 0 {
			return n, s.costs.sweep(ctx)
		}
		last := ids[len(ids)-1]
		err = s.db.Write(ctx, func(tx *sql.Tx) error {
			res, err := tx.Exec(`DELETE FROM refresh_tokens AS t WHERE id > $2 AND id <= $3 AND `+deadFamily, database.Millis(s.now()), after, last)
			if err != nil {
				return err
			}
			swept, err := res.RowsAffected()
			n += swept
			return err
		})
		if err != nil {
			return n, fmt.Errorf("sweep refresh tokens: %w", err)
		}
		after = last
	}
}

// sweepDaily sweeps until ctx is done.
func (s *Server) sweepDaily(ctx context.Context) {
	timer := time.NewTimer(firstSweep)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		var n int64
		err := crash.Contain(func() (err error) { n, err = s.Sweep(ctx); return err })
		if err == nil {
			s.log.InfoContext(ctx, "dead refresh tokens swept", "tokens", n)
		} else if ctx.Err() == nil {
			s.log.ErrorContext(ctx, "cannot sweep dead refresh tokens: retrying in a day", "error", err)
		}
		timer.Reset(sweepEvery)
	}
}
