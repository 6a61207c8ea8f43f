package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/webauthn"
)

// What a browser is asked to sign for.
const (
	toRegister = "register"
	toLogIn    = "login"
)

// challenge says for whom and what one was given out.
type challenge struct {
	userID, applicationID, displayName, userAgent string
}

// challenges issues the challenges of passkeys, and accepts each once.
type challenges struct {
	db  database.DB
	now func() time.Time
}

// issue stores a challenge and returns it.
func (cs challenges) issue(ctx context.Context, purpose string, c challenge) (string, error) {
	text, now := webauthn.NewChallenge(), cs.now()
	err := cs.db.Write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO passkey_challenges (challenge, purpose, user_id, application_id, display_name, user_agent, expiry) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			text, purpose, c.userID, c.applicationID, c.displayName, c.userAgent, database.Millis(now.Add(webauthn.Timeout)))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("store challenge: %w", err)
	}
	return text, nil
}

var errChallenge = fusion.Invalid("credential", "expired", "The challenge is not one of ours, has expired, or was used.")

// take uses up a challenge that was given out, and returns what it was for.
func (cs challenges) take(ctx context.Context, purpose, challenge string) (c challenge, err error) {
	if !webauthn.IsChallenge(challenge) {
		return c, errChallenge // it may be text that a database does not accept
	}
	err = cs.db.Write(ctx, func(tx *sql.Tx) error {
		return tx.QueryRow(`DELETE FROM passkey_challenges WHERE challenge = $1 AND purpose = $2 AND expiry > $3
			RETURNING user_id, application_id, display_name, user_agent`, challenge, purpose, database.Millis(cs.now())).
			Scan(&c.userID, &c.applicationID, &c.displayName, &c.userAgent)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return c, errChallenge
	}
	if err != nil {
		return c, fmt.Errorf("read challenge: %w", err)
	}
	return c, nil
}
