package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
	"github.com/latchkey-dev/latchkey/idp/internal/refreshtoken"
)

var (
	// errTokenInvalid is a refresh token that is not ours, or not good here.
	errTokenInvalid = errors.New("idp: invalid refresh token")

	// errTokenDead is a genuine refresh token whose time is over: it expired,
	// was revoked or spent, or its user has been deleted.
	errTokenDead = errors.New("idp: dead refresh token")
)

// refreshTokens finds, rotates and revokes refresh tokens.
type refreshTokens struct {
	db      database.DB
	outbox  *outbox.Dispatcher
	secrets *secrets
	log     *slog.Logger
	now     func() time.Time
}

// grant is what a genuine refresh token stands for, as of one reading.
type grant struct {
	counter uint32 // of the token that was presented
	family  family
	app     application
	user    User
}

// grant finds what a refresh token stands for, and changes nothing. A forged token costs no query.
func (ts refreshTokens) grant(ctx context.Context, value string) (grant, error) {
	t, err := ts.secrets.refresh.Parse(value)
	if err != nil {
		return grant{}, errTokenInvalid
	}
	return readGrant(ctx, ts.db, t)
}

func readGrant(ctx context.Context, q database.Queries, t refreshtoken.Token) (grant, error) {
	f, err := readFamily(ctx, q, t.Family.String())
	if err != nil {
		return grant{}, deadIfNotFound(err) // rows of the dead are swept away
	}
	app, err := readApplication(ctx, q, f.applicationID)
	if err != nil {
		return grant{}, deadIfNotFound(err)
	}
	u, err := userByID(ctx, q, f.userID)
	if err != nil {
		return grant{}, deadIfNotFound(err)
	}
	return grant{t.Counter, f, app, u}, nil
}

func deadIfNotFound(err error) error {
	if errors.Is(err, ErrNotFound) {
		return errTokenDead
	}
	return err
}

// judge decides what the presented token is worth. Without its application, its user or the
// registration of one for the other it is dead.
func (g grant) judge(now time.Time) refreshtoken.Verdict {
	if !g.app.active || !g.user.Active || g.user.expired(now) || g.user.registration(g.app.ID) == nil {
		return refreshtoken.Dead
	}
	return g.family.Judge(g.counter, g.app.tokenPolicy(), now)
}

// rotate spends the presented token and returns its successor (the same value if the policy is
// Reusable) with the grant as it was last read.
func (ts refreshTokens) rotate(ctx context.Context, g grant, address string) (successor string, _ grant, err error) {
	for {
		now := ts.now()
		switch g.judge(now) {
		case refreshtoken.Dead:
			return "", g, errTokenDead
		case refreshtoken.Reused:
			ts.reuse(ctx, g, address)
			return "", g, errTokenDead
		}
		swapped, err := ts.markUsed(ctx, g, address, now)
		if err != nil {
			return "", g, err
		}
		if swapped {
			g.family.Family = g.family.Refreshed(g.counter, now)
			return ts.secrets.refreshToken(g.family, g.family.Current(g.app.tokenPolicy())), g, nil
		}
		// Somebody else presented a token, or revoked it. The counter only
		// rises, so this ends.
		if g, err = readGrant(ctx, ts.db, refreshtoken.Token{Family: uuid.MustParse(g.family.id), Counter: g.counter}); err != nil {
			return "", g, err
		}
	}
}

// markUsed records the refresh if the family is still as it was read.
func (ts refreshTokens) markUsed(ctx context.Context, g grant, address string, now time.Time) (swapped bool, err error) {
	err = ts.db.Write(ctx, func(tx *sql.Tx) error {
		return database.Changed(tx.Exec(`UPDATE refresh_tokens SET used = $1, last_accessed_instant = $2, last_accessed_address = $3
			WHERE id = $4 AND used = $5 AND revoked_instant = 0`, g.counter, database.Millis(now), address, g.family.id, g.family.Used))
	})
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("record refresh: %w", err)
	}
	return true, nil
}

// reuse logs that a spent token came back: two hold what only one should (RFC 9700 §4.14.2). If the
// application says so it ends the login.
func (ts refreshTokens) reuse(ctx context.Context, g grant, address string) {
	ts.log.WarnContext(ctx, "refresh token reuse", "refresh_token", g.family.id, "user", g.user.ID, "application", g.app.ID,
		"ip", address, "counter", g.counter, "used", g.family.Used)
	if !g.app.OnOneTimeTokenReuse {
		return
	}
	if _, err := ts.revoke(ctx, address, "reuse", revocation{id: g.family.id}); err != nil {
		ts.log.ErrorContext(ctx, "cannot revoke refresh token after reuse", "refresh_token", g.family.id, "error", err)
	}
}
