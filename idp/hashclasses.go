package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/password"
)

// hashCosts measures how long refusals take with the classes of hashes that users have. The time of
// a refusal must not reveal which of them an account has, or that it does not exist: see
// [password.Hasher.CoverRefusals].
type hashCosts struct {
	db     database.DB
	hasher *password.Hasher
	log    *slog.Logger
	now    func() time.Time

	mu      sync.Mutex
	took    map[password.Class]time.Duration
	asked   time.Time
	current bool // as of asked
}

// costReload is how often a node asks which hashes others have imported.
const costReload = time.Minute

// begin stores which hashes there are, unless that was done before.
func (c *hashCosts) begin(ctx context.Context) error {
	var known bool
	if err := c.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM hash_classes)`).Scan(&known); err != nil {
		return fmt.Errorf("read classes of hashes: %w", err)
	}
	classes := map[password.Class]bool{c.hasher.Own(): true}
	if !known {
		if err := findHashClasses(ctx, c.db, classes); err != nil {
			return err
		}
	}
	err := c.db.Write(ctx, func(tx *sql.Tx) error { return addHashClasses(tx, classes) })
	if err != nil {
		return fmt.Errorf("write classes of hashes: %w", err)
	}
	return nil
}

// findHashClasses looks at all users, once in the life of a database.
func findHashClasses(ctx context.Context, q database.Queries, into map[password.Class]bool) error {
	rows, err := q.QueryContext(ctx, `SELECT password FROM users`)
	if err != nil {
		return fmt.Errorf("read classes of hashes: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var stored string
		if err := rows.Scan(&stored); err != nil {
			return fmt.Errorf("read classes of hashes: %w", err)
		}
		into[password.ClassOf(stored)] = true
	}
	delete(into, "")
	return rows.Err()
}

// addHashClasses is part of the transaction that stores such hashes.
func addHashClasses(tx *sql.Tx, classes map[password.Class]bool) error {
	for class := range classes {
		if _, err := tx.Exec(`INSERT INTO hash_classes (class) VALUES ($1) ON CONFLICT (class) DO NOTHING`, string(class)); err != nil {
			return err
		}
	}
	return nil
}

// cover runs before every check of a password. Once in a while it reads which classes of hashes
// exist; other checks wait for that, so that every refusal is covered. If reading or measuring
// fails, it tries again the next time.
func (c *hashCosts) cover(ctx context.Context) {
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current && now.Sub(c.asked).Abs() < costReload {
		return
	}
	c.asked, c.current = now, true
	if err := c.measure(context.WithoutCancel(ctx)); err != nil {
		c.log.WarnContext(ctx, "cannot measure the costs of hashes: using those that are known", "error", err)
	}
}

// askAgain has the next check of a password ask which hashes there are.
func (c *hashCosts) askAgain() {
	c.mu.Lock()
	c.current = false
	c.mu.Unlock()
}

// measure measures the most expensive hashes of each scheme that it does not know yet, and covers
// refusals with the slowest. If all hashes are ours there is nothing to cover.
func (c *hashCosts) measure(ctx context.Context) error {
	ids, err := database.Strings(ctx, c.db, `SELECT class FROM hash_classes`)
	if err != nil {
		return err
	}
	if len(ids) < 2 {
		c.hasher.CoverRefusals(0)
		return nil
	}
	all := make([]password.Class, len(ids))
	for i, id := range ids {
		all[i] = password.Class(id)
	}
	var errs []error
	longest, took := time.Duration(0), make(map[password.Class]time.Duration)
	for _, class := range password.Dearest(all) {
		known := c.took[class]
		if known == 0 {
			if known, err = c.hasher.Measure(ctx, class); err != nil {
				errs = append(errs, fmt.Errorf("measure %s: %w", class, err))
				continue
			}
		}
		took[class] = known
		longest = max(longest, known)
	}
	c.took = took
	c.hasher.CoverRefusals(longest)
	return errors.Join(errs...)
}

// sweep forgets the classes of hashes that no user has left.
func (c *hashCosts) sweep(ctx context.Context) error {
	all, err := database.Strings(ctx, c.db, `SELECT class FROM hash_classes`)
	if err != nil {
		return err
	}
	for _, class := range all {
		if password.Class(class) == c.hasher.Own() {
			continue
		}
		used, err := c.used(ctx, class)
		if err != nil {
			return err
		}
		if used {
			continue
		}
		err = c.db.Write(ctx, func(tx *sql.Tx) error {
			_, err := tx.Exec(`DELETE FROM hash_classes WHERE class = $1 AND NOT EXISTS (SELECT 1 FROM users WHERE substr(password, 1, $2) = $1)`, class, len(class))
			return err
		})
		if err != nil {
			return fmt.Errorf("delete class of hashes: %w", err)
		}
	}
	c.askAgain()
	return nil
}

// used reports whether a user has such a hash. Nobody waits for this look at all users, as
// they would for a write.
func (c *hashCosts) used(ctx context.Context, class string) (used bool, err error) {
	err = c.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM users WHERE substr(password, 1, $2) = $1)`, class, len(class)).Scan(&used)
	if err != nil {
		return false, fmt.Errorf("look for a class of hashes: %w", err)
	}
	return used, nil
}
