package sizetest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// Deadlines: one session in a hundred ends early.
const (
	shortLived = 24 * time.Hour
	longLived  = 90 * 24 * time.Hour
)

var epoch = time.Now().Add(time.Hour).Truncate(time.Millisecond)

// ID returns the id of the n-th session. Ids ascend, so that a store can be filled in the order of
// its keys, and are spread over the whole range.
func ID(n int) (id latchkey.ID) {
	binary.BigEndian.PutUint64(id[:], uint64(n)*(math.MaxUint64/100_000_000))
	sum := sha256.Sum256(id[:8])
	copy(id[5:], sum[:])
	return id
}

// lasting returns a session near the n-th that does not end early.
func lasting(n int) int {
	if n%100 == 0 {
		return n + 1
	}
	return n
}

// Session returns the n-th session as a guard stores it: sealed tokens, which do not compress, a
// common browser, a user with a name and a role. Each user has three.
func Session(n int) *latchkey.Record {
	random := rand.NewChaCha8(sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n))))
	bytes := func(n int) []byte { b := make([]byte, n); random.Read(b); return b }
	rec := &latchkey.Record{
		ID: ID(n), Version: 1, App: "3c219e58-ed0e-4b18-ad48-f4f92793ae32",
		User: latchkey.User{
			ID: fmt.Sprintf("8d6f2a52-6a3c-4c2e-9d2f-%012x", n/3), Email: fmt.Sprintf("ada.%d@example.com", n/3), EmailVerified: true,
			FirstName: "Ada", LastName: "Lovelace", Roles: []string{"customer"},
		},
		// a JWT with ES256, and its seal
		Token: bytes(700 + 33), TokenExpiresAt: epoch.Add(time.Hour),
		RefreshToken: bytes(64 + 33), RefreshTokenID: fmt.Sprintf("5b7c9a0e-9f2e-4a2b-8f43-%012x", n),
		Generation: 3, ConfirmedAt: epoch,
		Device: latchkey.Device{
			UserAgent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36", IP: "203.0.113.77",
		},
		AuthenticatedAt: epoch.Add(-50 * time.Hour), AuthMethods: []string{"pwd"},
		CreatedAt: epoch.Add(-50 * time.Hour), LastSeenAt: epoch, ExpiresAt: epoch.Add(time.Hour), RefreshExpiresAt: epoch.Add(longLived), Deadline: epoch.Add(longLived),
	}
	rec.Settled, rec.Predecessor = latchkey.Digest(bytes(16)), latchkey.Digest(bytes(16))
	rec.Claim = latchkey.Claim{Flight: [16]byte(bytes(16)), Until: epoch}
	if lasting(n) != n {
		rec.Deadline = epoch.Add(shortLived - time.Hour)
	}
	return withMAC(rec, bytes(21))
}

// withMAC returns the record with the MAC that a guard would add, of the same length at least.
func withMAC(rec *latchkey.Record, mac []byte) *latchkey.Record {
	const tag = 42
	stored, err := rec.MarshalBinary()
	if err == nil {
		err = rec.UnmarshalBinary(append(append(stored, tag, byte(len(mac))), mac...))
	}
	if err != nil {
		panic(err)
	}
	return rec
}

// Beside is the size of a record's user (as JSON) and tokens.
func Beside(rec *latchkey.Record) int {
	user, err := json.Marshal(rec.User)
	if err != nil {
		panic(err) // strings only
	}
	return len(user) + len(rec.Token) + len(rec.RefreshToken)
}
