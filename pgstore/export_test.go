package pgstore

import "context"

// OpenTraced is Open with a tracer on the connections, except those of Watch.
var OpenTraced = open

// HoldWord holds back notifications of writes until release is called.
func (s *Store) HoldWord(ctx context.Context) (release func()) {
	conn, err := s.teller.pool.Acquire(ctx)
	if err != nil {
		panic(err) // of a test
	}
	return conn.Release
}
