package idp

import (
	"crypto/sha256"
	"database/sql"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
)

// Most tickets become worthless by the change that they allow. The id of a second factor need not
// change anything, so it is stored once it has let somebody in.

// ticketUsed reports whether a ticket is used up. The caller's lock serializes two that ask at
// once.
func ticketUsed(tx *sql.Tx, t ticket) (used bool, err error) {
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM used_tickets WHERE digest = $1)`, t.digest()).Scan(&used)
	return used, err
}

// useTicket uses up a ticket that is good for at most life from now. ErrNotFound: it was used
// before.
func useTicket(tx *sql.Tx, t ticket, now time.Time, life time.Duration) error {
	return database.Changed(tx.Exec(`INSERT INTO used_tickets (digest, until) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING`,
		t.digest(), database.Millis(now.Add(life))))
}

func (t ticket) digest() []byte {
	sum := sha256.Sum256([]byte(t))
	return sum[:]
}
