package pgstore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// sweepBatch is how many rows one statement removes: few enough that its locks are short.
const sweepBatch = 1000

// Sweep removes records past their deadline, in small steps. Locked rows are left for the next
// time; several nodes may sweep at the same time.
func (s *Store) Sweep(ctx context.Context, now time.Time) (removed int, err error) {
	for {
		var batch int
		err := s.call(ctx, func(ctx context.Context, conn *pgx.Conn) error {
			done, err := conn.Exec(ctx, `DELETE FROM sessions WHERE id = ANY (ARRAY(
				SELECT id FROM sessions WHERE deadline <= $1 AND NOT unrevoked ORDER BY deadline LIMIT 1000 FOR UPDATE SKIP LOCKED))`, now.UnixMilli())
			batch = int(done.RowsAffected())
			return err
		})
		removed += batch
		if err != nil || batch < sweepBatch {
			return removed, err
		}
	}
}
