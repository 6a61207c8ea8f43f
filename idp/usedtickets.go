package idp

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"time"
)

// Most tickets become worthless by the change that they allow. Those of logins change nothing that is certain to differ, and are written down when they are used.

// ticketUsed reports whether somebody has used a ticket up. What keeps two from asking at once is the caller's lock.
func ticketUsed(tx *sql.Tx, t ticket) (used bool, err error) {
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM used_tickets WHERE digest = $1)`, t.digest()).Scan(&used)
	return used, err
}

// useTicket uses a ticket up that is good for at most a while yet. ErrNotFound: somebody has done so.
func (s *Server) useTicket(tx *sql.Tx, t ticket, life time.Duration) error {
	now := s.now()
	if _, err := tx.Exec(`DELETE FROM used_tickets WHERE until <= $1`, millis(now)); err != nil {
		return err
	}
	return changed(tx.Exec(`INSERT INTO used_tickets (digest, until) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING`, t.digest(), millis(now.Add(life))))
}

func (t ticket) digest() []byte {
	sum := sha256.Sum256([]byte(t))
	return sum[:]
}

// holderOnce returns the active user whom a ticket is about, and uses it up.
func (s *Server) holderOnce(ctx context.Context, purpose string, t ticket, life time.Duration) (User, error) {
	u, err := s.holder(ctx, purpose, t)
	if err == nil {
		err = s.db.Write(ctx, func(tx *sql.Tx) error { return s.useTicket(tx, t, life) })
	}
	return u, err
}
