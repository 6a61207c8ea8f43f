package redisstore_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/internal/redistest"
	"github.com/latchkey-dev/latchkey/internal/sizetest"
)

// typical is a session as a guard stores it.
func typical() *latchkey.Record {
	rec := sizetest.Session(1)
	rec.ID, rec.User.ID = latchkey.ID(random(16)), uuid()
	return rec
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func uuid() string {
	b := random(16)
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// TestMemory measures what a session costs in Redis beyond its user and its JWT, and what it adds
// to the list of a user who has no other.
func TestMemory(t *testing.T) {
	const limit, n = 600, 50
	server := redistest.Start(t)
	s := open(t, server.URL())
	users, tokens := 0, 0
	for i := range n {
		rec := typical()
		rec.Token = random(600 + 8*i) // JWTs have many lengths, and memory is allocated in steps
		if err := s.Create(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
		if err := s.Touch(t.Context(), []latchkey.Seen{{ID: rec.ID, At: rec.LastSeenAt.Add(time.Second)}}); err != nil {
			t.Fatal(err)
		}
		user, err := json.Marshal(rec.User)
		if err != nil {
			t.Fatal(err)
		}
		users += len(user)
		tokens += len(rec.Token)
	}
	used := func(pattern string) (total int) {
		keys := strings.Fields(server.Command(t, "KEYS", pattern))
		for _, key := range keys {
			bytes, err := strconv.Atoi(server.Command(t, "MEMORY", "USAGE", key))
			if err != nil {
				t.Fatal(err)
			}
			total += bytes
		}
		if len(keys) != n {
			t.Fatalf("%d keys like %s, want %d", len(keys), pattern, n)
		}
		return total
	}
	session, list := used("lk1:s:*"), used("lk1:u:*")
	beyond := (session - users - tokens) / n
	t.Logf("bytes of a session: %d, with %d of user JSON and %d of JWT: %d beyond; in the list of its user: %d", session/n, users/n, tokens/n, beyond, list/n)
	if beyond > limit {
		t.Errorf("a session costs %d bytes beyond its user and JWT, want at most %d", beyond, limit)
	}
	if all := server.Command(t, "DBSIZE"); all != strconv.Itoa(2*n) {
		t.Errorf("%s keys, want two a session", all)
	}
}
