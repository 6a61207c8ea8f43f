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
)

// typical is a session as a guard stores it: sealed tokens, which do not compress, a common browser, a user with a name and a role.
func typical() *latchkey.Record {
	now := time.Now()
	rec := &latchkey.Record{
		Version: 1, App: "3c219e58-ed0e-4b18-ad48-f4f92793ae32",
		User: latchkey.User{
			ID: uuid(), Email: rand.Text()[:12] + "@example.com", EmailVerified: true, FirstName: rand.Text()[:5], LastName: rand.Text()[:8], Roles: []string{"customer"},
		},
		Token: random(700 + 33), TokenExpiresAt: now.Add(time.Hour), RefreshToken: random(64 + 33), RefreshTokenID: uuid(), Generation: 3, ConfirmedAt: now,
		Device: latchkey.Device{
			UserAgent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36", IP: "203.0.113.77",
		},
		CreatedAt: now.Add(-50 * time.Hour), LastSeenAt: now, ExpiresAt: now.Add(time.Hour), RefreshExpiresAt: now.Add(700 * time.Hour), Deadline: now.Add(2100 * time.Hour),
	}
	rec.ID, rec.Settled, rec.Parent = [16]byte(random(16)), [16]byte(random(16)), [16]byte(random(16))
	rec.Claim = latchkey.Claim{Flight: [16]byte(random(16)), Until: now}
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

// TestMemory measures what a session costs in Redis beyond its user and its JWT, and what it adds to the list of a user who has no other.
func TestMemory(t *testing.T) {
	const limit, n = 600, 50
	server := redistest.Start(t)
	s := open(t, server.URL())
	users, tokens := 0, 0
	for i := range n {
		rec := typical()
		rec.Token = random(600 + 8*i) // JWTs are of many lengths, and memory is handed out in steps
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
