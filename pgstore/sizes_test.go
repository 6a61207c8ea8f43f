// Sizes are not for the race detector, which has memory and time of its own.

//go:build !race

package pgstore_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/latchkey-dev/latchkey/internal/pgtest"
	"github.com/latchkey-dev/latchkey/internal/sizetest"
)

// go test -run TestSizes -v ./pgstore -sizes.rows 10000000
func TestSizes(t *testing.T) {
	url := pgtest.Shared(t).Database(t)
	s := open(t, url)
	columns := []string{"id", "app", "user_id", "version", "last_seen_at", "created_at", "deadline", "ended", "unrevoked", "body"}
	sizetest.Measure(t, sizetest.Subject{
		Store: s,
		Bytes: func(t *testing.T) int64 {
			return query[int64](t, url, `SELECT pg_total_relation_size('latchkey_sessions.sessions')`)
		},
		Fill: func(t *testing.T, from, to int) {
			conn, err := pgx.Connect(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(t.Context())
			n := from
			_, err = conn.CopyFrom(t.Context(), pgx.Identifier{"latchkey_sessions", "sessions"}, columns, pgx.CopyFromFunc(func() ([]any, error) {
				if n == to {
					return nil, nil
				}
				rec := sizetest.Session(n)
				n++
				body, err := rec.MarshalBinary()
				return []any{
					[16]byte(rec.ID), []byte(rec.App), []byte(rec.User.ID), int64(rec.Version), rec.LastSeenAt.UnixMilli(), rec.CreatedAt.UnixMilli(), rec.Deadline.UnixMilli(),
					false, false, body,
				}, err
			}))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Exec(t.Context(), `VACUUM ANALYZE latchkey_sessions.sessions`); err != nil { // as the server does by itself after a while
				t.Fatal(err)
			}
		},
	})
}
