package idp

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/internal/crash"
)

// A sweep comes an hour after one that found something, and twice as long after each that did not.
const (
	sweepSoonest = time.Hour
	sweepLatest  = 6 * time.Hour
)

// deadFamily is the condition for a refresh token of the table t to have been revoked or to have
// expired by the policy of today; $1 is the time.
const deadFamily = `(t.revoked_instant > 0 OR (
	SELECT CASE a.refresh_token_expiration
		WHEN 'Fixed' THEN t.start_instant + a.refresh_token_ttl * 1000 <= $1
		WHEN 'SlidingWindow' THEN t.last_accessed_instant + a.refresh_token_ttl * 1000 <= $1
		ELSE t.last_accessed_instant + a.refresh_token_ttl * 1000 <= $1 OR t.start_instant + a.refresh_token_max_ttl * 1000 <= $1
	END FROM applications a WHERE a.id = t.application_id))`

// expiring are tables whose rows are dead from an instant on that an index has. The condition
// stands twice: a row that comes to life again between the two, as a count of failures may, stays.
var expiring = []string{
	`DELETE FROM failures WHERE forget_instant <= $1 AND subject IN (SELECT subject FROM failures WHERE forget_instant <= $1 ORDER BY forget_instant LIMIT $2)`,
	`DELETE FROM used_tickets WHERE until <= $1 AND digest IN (SELECT digest FROM used_tickets WHERE until <= $1 ORDER BY until LIMIT $2)`,
	`DELETE FROM passkey_challenges WHERE expiry <= $1 AND challenge IN (SELECT challenge FROM passkey_challenges WHERE expiry <= $1 ORDER BY expiry LIMIT $2)`,
}

// Sweep deletes what is dead: refresh tokens that were revoked or have expired by the policy of
// today, forgotten counts of failed logins, used tickets and challenges that have expired. It
// deletes at most 1,000 rows at a time, and as few as take 20 ms, and pauses in between, so that
// logins go on. It returns how many rows it has deleted. They are refused with or without it.
//
// A Server sweeps by itself, unless Config.LeaveEvents is set: every hour, or every six if it finds
// nothing. Several nodes may do it at the same time.
func (s *Server) Sweep(ctx context.Context) (n int64, err error) {
	n, err = s.sweepExpiring(ctx)
	if err != nil {
		return n, err
	}
	tokens, err := s.sweepTokens(ctx)
	n += tokens
	if err != nil {
		return n, err
	}
	return n, s.costs.sweep(ctx)
}

func (s *Server) sweepExpiring(ctx context.Context) (n int64, err error) {
	for _, statement := range expiring {
		p := newPace()
		for {
			most := p.rows
			deleted, err := s.sweepBatch(ctx, p, statement, database.Millis(s.now()), most)
			n += deleted
			if err != nil {
				return n, err
			}
			if deleted < int64(most) {
				break
			}
		}
	}
	return n, nil
}

// sweepTokens goes through all tokens, a page at a time: an index by the time at which each expires
// would have to be written with each refresh.
func (s *Server) sweepTokens(ctx context.Context) (n int64, err error) {
	p := newPace()
	for after := ""; ; {
		now, began := database.Millis(s.now()), time.Now()
		dead, last, err := deadTokens(ctx, s.db, after, now)
		if err != nil || last == "" {
			return n, err
		}
		if err := rest(ctx, time.Since(began)); err != nil {
			return n, err
		}
		for len(dead) > 0 {
			some := min(p.rows, len(dead))
			until := dead[some-1]
			deleted, err := s.sweepBatch(ctx, p, `DELETE FROM refresh_tokens AS t WHERE id > $2 AND id <= $3 AND `+deadFamily, now, after, until)
			n += deleted
			if err != nil {
				return n, err
			}
			after, dead = until, dead[some:]
		}
		after = last
	}
}

// deadTokens reads the page of tokens behind an id. It returns those that are dead, and the last of
// the page, or "" if there is none.
func deadTokens(ctx context.Context, q database.Queries, after string, now int64) (dead []string, last string, err error) {
	rows, err := q.QueryContext(ctx, `SELECT id, `+deadFamily+` FROM refresh_tokens AS t WHERE id > $2 ORDER BY id LIMIT $3`, now, after, paceMost)
	if err != nil {
		return nil, "", fmt.Errorf("read refresh tokens: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var isDead bool
		if err := rows.Scan(&last, &isDead); err != nil {
			return nil, "", fmt.Errorf("read refresh tokens: %w", err)
		}
		if isDead {
			dead = append(dead, last)
		}
	}
	return dead, last, rows.Err()
}

// sweepBatch deletes by one statement, sets the pace by the time that it held others up, from its
// turn to the end of the commit, and rests.
func (s *Server) sweepBatch(ctx context.Context, p *pace, statement string, args ...any) (n int64, err error) {
	var began time.Time
	err = s.db.Write(ctx, func(tx *sql.Tx) error {
		began = time.Now()
		res, err := tx.Exec(statement, args...)
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("sweep: %w", err)
	}
	took := time.Since(began)
	p.learn(took)
	return n, rest(ctx, took)
}

// sweepForever sweeps until ctx is done.
func (s *Server) sweepForever(ctx context.Context) {
	pause := sweepSoonest
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		var n int64
		err := crash.Contain(func() (err error) { n, err = s.Sweep(ctx); return err })
		pause = min(2*pause, sweepLatest)
		if n > 0 || err != nil {
			pause = sweepSoonest
		}
		timer.Reset(pause)
		switch {
		case err != nil && ctx.Err() == nil:
			s.log.ErrorContext(ctx, "cannot sweep dead rows: retrying in an hour", "error", err)
		case n > 0:
			s.log.InfoContext(ctx, "dead rows swept", "rows", n)
		}
	}
}
