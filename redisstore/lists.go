package redisstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/rueidis"

	"github.com/latchkey-dev/latchkey"
)

// spare is how many more entries are read than records are wanted, because some of their sessions
// may have ended.
const spare = 16

// ByUser lists the living sessions of a user, the newest first.
func (s *Store) ByUser(ctx context.Context, app, userID string, limit int) ([]*latchkey.Record, error) {
	if limit <= 0 {
		return nil, ctx.Err()
	}
	ctx, cancel := s.limited(ctx)
	defer cancel()
	key := userKey(app, userID)
	for window := limit + spare; ; window *= 2 { // from the start each time, because the list may change meanwhile
		members, err := s.client.Do(ctx, s.client.B().Zrevrange().Key(key).Start(0).Stop(int64(window)-1).Build()).AsStrSlice()
		if err != nil {
			return nil, fmt.Errorf("list the sessions of a user: %w", err)
		}
		records, err := s.records(ctx, members)
		if err != nil {
			return nil, err
		}
		living := wanted(records, func(rec *latchkey.Record) bool { return isLiving(rec) && rec.App == app && rec.User.ID == userID })
		if len(living) < limit && len(members) == window {
			continue
		}
		s.forget(ctx, func(latchkey.ID) string { return key }, members, records, isLiving)
		slices.SortStableFunc(living, func(a, b *latchkey.Record) int { return b.CreatedAt.Compare(a.CreatedAt) })
		return living[:min(limit, len(living))], nil
	}
}

// Unrevoked lists ended sessions whose refresh token has yet to be revoked.
func (s *Store) Unrevoked(ctx context.Context, app string, after latchkey.ID, limit int) ([]*latchkey.Record, error) {
	ctx, cancel := s.limited(ctx)
	defer cancel()
	var found []*latchkey.Record
	for len(found) < limit {
		members, err := s.pendingAfter(ctx, app, after, limit)
		if err != nil {
			return nil, fmt.Errorf("list sessions to revoke: %w", err)
		}
		if len(members) == 0 {
			break
		}
		records, err := s.records(ctx, members)
		if err != nil {
			return nil, err
		}
		found = append(found, wanted(records, func(rec *latchkey.Record) bool { return isPending(rec) && rec.App == app })...)
		s.forget(ctx, func(id latchkey.ID) string { return pendingKey(app, pendingShard(id)) }, members, records, isPending)
		after, _ = idOfMember(members[len(members)-1])
	}
	return found[:min(max(limit, 0), len(found))], ctx.Err()
}

// pendingAfter returns the first entries after an id, at most limit, from all shards in one round
// trip.
func (s *Store) pendingAfter(ctx context.Context, app string, after latchkey.ID, limit int) ([]string, error) {
	first := pendingShard(after)
	commands := make([]rueidis.Completed, 0, pendingShards)
	for shard := first; shard < pendingShards; shard++ {
		least := "-"
		if shard == first {
			least = "(" + string(after[:]) + "\xff\xff\xff\xff"
		}
		commands = append(commands, s.client.B().Zrangebylex().Key(pendingKey(app, shard)).Min(least).Max("+").Limit(0, int64(limit)).Build())
	}
	var members []string
	for _, reply := range s.client.DoMulti(ctx, commands...) {
		some, err := reply.AsStrSlice()
		if err != nil {
			return nil, err
		}
		members = append(members, some...)
	}
	return members[:min(limit, len(members))], nil
}

// records reads the record of each entry, nil if there is none.
func (s *Store) records(ctx context.Context, members []string) ([]*latchkey.Record, error) {
	if len(members) == 0 {
		return nil, nil
	}
	ids, commands := make([]latchkey.ID, len(members)), make([]rueidis.Completed, len(members))
	for i, member := range members {
		var ok bool
		if ids[i], ok = idOfMember(member); !ok {
			return nil, errors.New("invalid entry in a list of sessions")
		}
		commands[i] = s.client.B().Get().Key(sessionKey(ids[i])).Build()
	}
	records := make([]*latchkey.Record, len(members))
	for i, reply := range s.client.DoMulti(ctx, commands...) {
		var err error
		if records[i], err = read(ids[i], reply); err != nil {
			return nil, fmt.Errorf("read listed sessions: %w", err)
		}
	}
	return records, nil
}

// forget removes entries that do not match their records, once they are old enough. If it fails,
// the next reader retries.
func (s *Store) forget(ctx context.Context, keyOf func(latchkey.ID) string, members []string, records []*latchkey.Record, right func(*latchkey.Record) bool) {
	wrong := make(map[string][]string)
	for i, rec := range records {
		if rec == nil || !right(rec) {
			id, _ := idOfMember(members[i])
			wrong[keyOf(id)] = append(wrong[keyOf(id)], members[i])
		}
	}
	for key, members := range wrong {
		s.run(ctx, forgetScript, []string{key}, members...)
	}
}

func isLiving(rec *latchkey.Record) bool  { return rec.EndedAt.IsZero() }
func isPending(rec *latchkey.Record) bool { return rec.Unrevoked }

// wanted returns each record for which test holds once, in their order. Records may be nil.
func wanted(records []*latchkey.Record, test func(*latchkey.Record) bool) (found []*latchkey.Record) {
	known := make(map[latchkey.ID]bool)
	for _, rec := range records {
		if rec != nil && test(rec) && !known[rec.ID] {
			known[rec.ID] = true
			found = append(found, rec)
		}
	}
	return found
}
