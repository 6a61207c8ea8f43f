package idp

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/password"
)

// hashCosts are how long a refusal takes with the hashes that users have, by their class. A refusal
// must tell nobody which of them an account has, or that there is none: see
// [password.Hasher.CoverRefusals].
type hashCosts struct {
	mu      sync.Mutex
	took    map[password.Class]time.Duration
	asked   time.Time
	current bool // as of asked
}

// costReload is how often a node asks which hashes others have imported.
const costReload = time.Minute

// beginHashClasses writes down which hashes there are, where nobody has yet.
func (s *Server) beginHashClasses(ctx context.Context) error {
	var known bool
	if err := s.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM hash_classes)`).Scan(&known); err != nil {
		return fmt.Errorf("read classes of hashes: %w", err)
	}
	classes := map[password.Class]bool{s.hasher.Own(): true}
	if !known {
		if err := findHashClasses(ctx, s.db, classes); err != nil {
			return err
		}
	}
	err := s.db.Write(ctx, func(tx *sql.Tx) error { return addHashClasses(tx, classes) })
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

// coverRefusals comes before every check of a password. Once in a while it asks which hashes there
// are; whoever comes meanwhile waits, so that no refusal leaves uncovered. What cannot be read or
// measured now is at the next time.
func (s *Server) coverRefusals(ctx context.Context) {
	now := s.now()
	s.costs.mu.Lock()
	defer s.costs.mu.Unlock()
	if s.costs.current && now.Sub(s.costs.asked).Abs() < costReload {
		return
	}
	s.costs.asked, s.costs.current = now, true
	if err := s.measureHashes(context.WithoutCancel(ctx)); err != nil {
		s.log.WarnContext(ctx, "the costs of hashes cannot be measured: those that are known go on", "error", err)
	}
}

// askAgain has the next check of a password ask which hashes there are.
func (c *hashCosts) askAgain() {
	c.mu.Lock()
	c.current = false
	c.mu.Unlock()
}

// measureHashes measures the most expensive hashes of each scheme where it does not know them yet,
// and covers refusals with the slowest. Where all are ours there is nothing to cover.
func (s *Server) measureHashes(ctx context.Context) error {
	ids, err := database.Strings(ctx, s.db, `SELECT class FROM hash_classes`)
	if err != nil {
		return err
	}
	if len(ids) < 2 {
		s.hasher.CoverRefusals(0)
		return nil
	}
	all := make([]password.Class, len(ids))
	for i, id := range ids {
		all[i] = password.Class(id)
	}
	var errs []error
	longest, took := time.Duration(0), make(map[password.Class]time.Duration)
	for _, class := range password.Dearest(all) {
		known := s.costs.took[class]
		if known == 0 {
			if known, err = s.hasher.Measure(ctx, class); err != nil {
				errs = append(errs, fmt.Errorf("measure %s: %w", class, err))
				continue
			}
		}
		took[class] = known
		longest = max(longest, known)
	}
	s.costs.took = took
	s.hasher.CoverRefusals(longest)
	return errors.Join(errs...)
}

// sweepHashClasses forgets those that no user has any more.
func (s *Server) sweepHashClasses(ctx context.Context) error {
	all, err := database.Strings(ctx, s.db, `SELECT class FROM hash_classes`)
	if err != nil {
		return err
	}
	for _, class := range all {
		if password.Class(class) == s.hasher.Own() {
			continue
		}
		err := s.db.Write(ctx, func(tx *sql.Tx) error {
			_, err := tx.Exec(`DELETE FROM hash_classes WHERE class = $1 AND NOT EXISTS (SELECT 1 FROM users WHERE substr(password, 1, $2) = $1)`, class, len(class))
			return err
		})
		if err != nil {
			return fmt.Errorf("forget class of hashes: %w", err)
		}
	}
	s.costs.askAgain()
	return nil
}
