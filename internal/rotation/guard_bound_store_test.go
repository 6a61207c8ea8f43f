package rotation_test

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/rotation"
)

// A keepingStore keeps sessions, and can go back to what it had. It notes writes that take the key
// from a session, or bind it again.
type keepingStore struct {
	mu      sync.Mutex
	records map[latchkey.ID]*latchkey.Record
	saved   map[latchkey.ID]*latchkey.Record // nil: nothing to go back to
	broken  []string                         // what writes did that none may do
	streams map[*func(latchkey.ID)]bool
}

func newKeepingStore() *keepingStore {
	return &keepingStore{records: make(map[latchkey.ID]*latchkey.Record), streams: make(map[*func(latchkey.ID)]bool)}
}

func (s *keepingStore) Create(_ context.Context, rec *latchkey.Record) error {
	s.mu.Lock()
	if s.records[rec.ID] != nil {
		s.mu.Unlock()
		return latchkey.ErrConflict
	}
	s.records[rec.ID] = rec
	s.keepEnds(rec)
	s.mu.Unlock()
	s.tell(rec.ID)
	return nil
}

func (s *keepingStore) Get(_ context.Context, id latchkey.ID) (*latchkey.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if rec := s.records[id]; rec != nil {
		return rec, nil
	}
	return nil, latchkey.ErrNotFound
}

func (s *keepingStore) Swap(_ context.Context, next *latchkey.Record) error {
	s.mu.Lock()
	old := s.records[next.ID]
	switch {
	case old == nil:
		s.mu.Unlock()
		return latchkey.ErrNotFound
	case next.Version != old.Version+1 || !old.EndedAt.IsZero() && next.EndedAt.IsZero():
		s.mu.Unlock()
		return latchkey.ErrConflict
	}
	s.check(old, next)
	s.keepEnds(next)
	s.records[next.ID] = next
	s.mu.Unlock()
	s.tell(next.ID)
	return nil
}

// check is S8: no write takes the key from a session, or changes it. A keyed cookie may know more
// than a record that is not bound.
func (s *keepingStore) check(old, next *latchkey.Record) {
	switch was, is := old.Binding, next.Binding; {
	case was == nil || !next.EndedAt.IsZero():
	case is == nil:
		s.broken = append(s.broken, "a write takes the key from a session")
	case !was.BoundAt.IsZero() && (is.Key != was.Key || !is.BoundAt.Equal(was.BoundAt)):
		s.broken = append(s.broken, "a session is bound again")
	}
}

// keepEnds leaves nothing to go back to after an end: stores that lose ends have tests of their
// own.
func (s *keepingStore) keepEnds(rec *latchkey.Record) {
	if !rec.EndedAt.IsZero() {
		s.saved = nil
	}
}

func (s *keepingStore) Touch(_ context.Context, seen []latchkey.Seen) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, used := range seen {
		if rec := s.records[used.ID]; rec != nil && rec.EndedAt.IsZero() && used.At.After(rec.LastSeenAt) {
			touched := *rec
			touched.LastSeenAt = used.At
			s.records[used.ID] = &touched
		}
	}
	return nil
}

func (*keepingStore) ByUser(context.Context, string, string, int) ([]*latchkey.Record, error) {
	return nil, nil
}

func (*keepingStore) Unrevoked(context.Context, string, latchkey.ID, int) ([]*latchkey.Record, error) {
	return nil, nil
}

// keep remembers the records, to go back to them later.
func (s *keepingStore) keep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saved = maps.Clone(s.records)
}

// goBack goes back to what was kept, or loses all sessions that have not ended.
func (s *keepingStore) goBack(everything bool) (went bool) {
	s.mu.Lock()
	to, before := s.saved, s.records
	if everything && to != nil {
		to = make(map[latchkey.ID]*latchkey.Record)
		maps.Copy(to, before)
		maps.DeleteFunc(to, func(_ latchkey.ID, rec *latchkey.Record) bool { return rec.EndedAt.IsZero() })
	}
	if to != nil {
		s.records, s.saved = maps.Clone(to), to
	}
	s.mu.Unlock()
	for id := range before {
		s.tell(id)
	}
	return to != nil
}

// state is what the rules know of a session; nil if the store does not have it.
func (s *keepingStore) state(id latchkey.ID) (*latchkey.Record, *rotation.State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec := s.records[id]
	if rec == nil {
		return nil, nil
	}
	state := &rotation.State{
		Generation: rec.Generation, Forked: rec.Forked, Rebuilt: rec.Rebuilt, Ended: !rec.EndedAt.IsZero(),
		ConfirmedAt: rec.ConfirmedAt, Settled: rotation.Digest(rec.Settled), Predecessor: rotation.Digest(rec.Predecessor),
		RefreshedAt: rec.RefreshedAt, TokenExpiresAt: rec.TokenExpiresAt, LastSeenAt: rec.LastSeenAt,
		ExpiresAt: rec.ExpiresAt, RefreshExpiresAt: rec.RefreshExpiresAt, Deadline: rec.Deadline,
	}
	if rec.Binding != nil {
		state.Registered, state.BoundAt = true, rec.Binding.BoundAt
	}
	return rec, state
}

func (s *keepingStore) tell(id latchkey.ID) {
	s.mu.Lock()
	streams := maps.Clone(s.streams)
	s.mu.Unlock()
	for changed := range streams {
		(*changed)(id)
	}
}

// A tellingStore is one from whose sessions nodes serve out of memory.
type tellingStore struct{ *keepingStore }

func (s tellingStore) Watch(ctx context.Context, changed func(latchkey.ID), beat func(time.Time)) error {
	s.mu.Lock()
	s.streams[&changed] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.streams, &changed)
		s.mu.Unlock()
	}()
	for {
		beat(time.Now())
		select {
		case <-time.After(500 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
