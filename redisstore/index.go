package redisstore

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"log/slog"
	"math"
	"strconv"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/crash"
)

// Two indexes answer ByUser and Unrevoked. In a cluster they live in other slots than the records,
// so that no script can write both, and the process may die between two writes. So an index is only
// a hint, and the record decides:
//
//   - An entry is written before its record. If the process dies in between, there is an entry too
//     many, never one too few.
//   - Readers of the index read the records too, and skip those that are missing or no longer
//     match.
//   - An entry is removed by the write that makes it stale, after that write. If that fails, a
//     reader removes it, but only when the entry's own time is more than an hour past: until then
//     its record may still be on its way. For the sessions of a user this time is the Deadline, for
//     revocations that of the announcement.
//   - A shard that loses its data loses entries. Every fourth Swap of a living session announces it
//     again, so that the list of a user's sessions is complete after one round of refreshes. (A
//     revocation that is lost this way leaves a refresh token at the provider that only our own
//     keys could use, and a tombstone that never expires.)
//
// The sessions of a user are one sorted set for each app and user, by CreatedAt. The revocations of
// an app are 16 sorted sets, by the first four bits of the id, so that no key is hot, and within
// each in the order of the ids. A member of either is an id (16 bytes) and the entry's time in
// seconds since 1970 (4).

const (
	memberSize    = 16 + 4
	pendingShards = 16
)

func userKey(app, userID string) string { return userPrefix + digest(app, userID) }

func pendingKey(app string, shard int) string {
	return pendingPrefix + digest(app) + strconv.FormatInt(int64(shard), pendingShards)
}

func pendingShard(id latchkey.ID) int { return int(id[0] >> 4) }

// digest gives any text a short name. Should two users ever share one, their records distinguish
// them.
func digest(parts ...string) string {
	var text []byte
	for _, part := range parts {
		text = binary.AppendUvarint(text, uint64(len(part)))
		text = append(text, part...)
	}
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

// userMember is the entry of a session in the list of its user.
func userMember(rec *latchkey.Record) string {
	seconds := uint32(math.MaxUint32) // never
	if s := milliseconds(rec.Deadline) / 1000; s > 0 && s < math.MaxUint32 {
		seconds = uint32(s)
	}
	return string(binary.BigEndian.AppendUint32(rec.ID[:], seconds))
}

// idOfMember reads the id of an entry.
func idOfMember(member string) (id latchkey.ID, ok bool) {
	if len(member) != memberSize {
		return id, false
	}
	return latchkey.ID([]byte(member[:16])), true
}

// KEYS is the list of a user, ARGV the time of creation, the member, and the session's deadline in
// ms since 1970 (0: never). The list is kept until two hours after the last deadline of its
// sessions. It returns the oldest entries whose time is more than an hour past.
var announceUserScript = newScript("announce", `
local now, deadline = tonumber(redis.call('TIME')[1]), tonumber(ARGV[3])
local fresh = redis.call('EXISTS', KEYS[1]) == 0
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
if deadline == 0 then
	redis.call('PERSIST', KEYS[1])
else
	local expiry, left = math.max(deadline, now * 1000) + 7200000, redis.call('PTTL', KEYS[1])
	if fresh or left > 0 and now * 1000 + left < expiry - 60000 then redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', expiry)) end
end
local old = {}
for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, 7)) do
	if #member == 20 and struct.unpack('>I4', member, 17) + 3600 < now then old[#old + 1] = member end
end
return old
`)

// KEYS is a shard of an app's revocations, ARGV the id.
var announcePendingScript = newScript("announce", `
return redis.call('ZADD', KEYS[1], 0, ARGV[1] .. struct.pack('>I4', redis.call('TIME')[1]))
`)

// KEYS is either list, ARGV entries that do not match their records. Those whose time is more than
// an hour past are removed.
var forgetScript = newScript("forget", `
local now = tonumber(redis.call('TIME')[1])
for _, member in ipairs(ARGV) do
	if #member ~= 20 or struct.unpack('>I4', member, 17) + 3600 < now then redis.call('ZREM', KEYS[1], member) end
end
return 1
`)

// announce writes the index entry of a record that is about to be written.
func (s *Store) announce(ctx context.Context, rec *latchkey.Record) error {
	switch {
	case rec.EndedAt.IsZero():
		return s.announceLiving(ctx, rec)
	case rec.Unrevoked:
		return s.run(ctx, announcePendingScript, []string{pendingKey(rec.App, pendingShard(rec.ID))}, string(rec.ID[:])).Error()
	}
	return nil
}

func (s *Store) announceLiving(ctx context.Context, rec *latchkey.Record) error {
	key := userKey(rec.App, rec.User.ID)
	score := strconv.FormatInt(rec.CreatedAt.UnixMilli(), 10)
	old, err := s.run(ctx, announceUserScript, []string{key}, score, userMember(rec), strconv.FormatInt(milliseconds(rec.Deadline), 10)).AsStrSlice()
	if err != nil || len(old) == 0 {
		return err
	}
	if records, err := s.records(ctx, old); err == nil {
		s.forget(ctx, func(latchkey.ID) string { return key }, old, records, isLiving)
	}
	return nil
}

const (
	maxHealing = 256 // bounds the announcements that run in the background
	healEvery  = 4   // versions: a refresh is about four (claim, result, and what the browser confirms)
)

// heal announces a living session again from time to time, in case a server has lost the entry. A
// swap does not wait for it, nor for a shard that is down.
func (s *Store) heal(ctx context.Context, rec *latchkey.Record) {
	if rec.Version%healEvery != 0 {
		return
	}
	select {
	case s.healing <- struct{}{}:
	default:
		return
	}
	go func() {
		defer func() { <-s.healing }()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callLimit)
		defer cancel()
		err := crash.Contain(func() error { return s.announceLiving(ctx, rec) })
		if p, ok := err.(*crash.Error); ok { // the next one repairs everything else
			slog.ErrorContext(ctx, "panic", "in", "redisstore", "error", p)
		}
	}()
}

// retract removes the index entries that an ended record has made stale. If it fails, readers skip
// them.
func (s *Store) retract(ctx context.Context, rec *latchkey.Record) {
	b := s.client.B()
	if rec.User.ID != "" {
		s.client.Do(ctx, b.Zrem().Key(userKey(rec.App, rec.User.ID)).Member(userMember(rec)).Build())
	}
	if !rec.Unrevoked {
		id := string(rec.ID[:])
		s.client.Do(ctx, b.Zremrangebylex().Key(pendingKey(rec.App, pendingShard(rec.ID))).Min("["+id).Max("["+id+"\xff\xff\xff\xff").Build())
	}
}
