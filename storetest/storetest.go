// Package storetest is the contract of latchkey.Store as a test suite. The test of a store calls
// Run.
package storetest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey"
)

// Run checks a store against the contract. open returns a store, empty or not, that no other test
// uses; it registers its own clean-up.
func Run(t *testing.T, open func(*testing.T) latchkey.Store) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("contract: %s", c.contract)
				}
			})
			c.check(t, open(t))
		})
	}
}

// Each case quotes the sentences of the contract that it checks, from the comments of
// latchkey.Store and latchkey.Sweeper.
var cases = []struct {
	name     string
	contract string
	check    func(*testing.T, latchkey.Store)
}{
	{"every field", "Create adds a record. Get returns the record, ended or not, or ErrNotFound.", everyField},
	{"unknown fields", "A store keeps each record whole, including the fields that this program does not know: as a Record, or as AppendBinary writes it.", unknownFields},
	{"create twice", "It fails with ErrConflict if the id exists.", createTwice},
	{"missing", "Get returns the record, ended or not, or ErrNotFound. Otherwise it fails with ErrConflict, or ErrNotFound.", missing},
	{"swap", "Swap replaces the record of that id by next if the stored version is next.Version-1.", swap},
	{"stale swap", "Otherwise it fails with ErrConflict, or ErrNotFound.", staleSwap},
	{"one winner", "Of concurrent Swaps from one version, exactly one succeeds.", oneWinner},
	{"ended stays ended", "An ended record stays ended: replacing it by a live one fails with ErrConflict.", endedStaysEnded},
	{"end wins the race", "An ended record stays ended: replacing it by a live one fails with ErrConflict.", endWinsTheRace},
	{"tombstone", "Swap replaces the record of that id by next if the stored version is next.Version-1.", tombstone},
	{"touch", "Touch moves LastSeenAt of at most 1000 records forward, never back, and leaves the version alone.", touch},
	{"touch of 1000", "Touch moves LastSeenAt of at most 1000 records forward, never back, and leaves the version alone.", touchMany},
	{"touch others", "Ids of sessions that do not exist or have ended are ignored.", touchOthers},
	{"swap keeps the later use", "If the stored LastSeenAt is later than that of next, it stays.", swapKeepsLaterUse},
	{"snapshot", "Neither side changes a record after the store has received or returned it.", snapshot},
	{"by user", "ByUser returns at most limit records of the user in the app that have not ended, newest CreatedAt first.", byUser},
	{"unrevoked", "Unrevoked returns at most limit ended records of the app with Unrevoked set, ordered by id, starting with the first id greater than after.", unrevoked},
	{"sweep", "A Sweeper is a Store that does not expire records by itself. Sweep removes records whose Deadline has passed and that no longer need a revocation, and returns how many.", sweep},
	{"odd text", "Create adds a record. Get returns the record, ended or not, or ErrNotFound.", oddText},
	{"large", "Create adds a record. Get returns the record, ended or not, or ErrNotFound.", large},
	{"cancelled", "An error other than ErrNotFound and ErrConflict means that the store is unavailable: the guard answers 503 and changes nothing.", cancelled},
	{"closed", "An error other than ErrNotFound and ErrConflict means that the store is unavailable: the guard answers 503 and changes nothing.", closed},
	{"crowd", "Several guards, in one process or many, may share one.", crowd},
}

var start = time.UnixMilli(1_790_000_000_123).UTC()

// record returns a record with every field set.
func record() *latchkey.Record {
	r := &latchkey.Record{
		Version: 1, App: "store",
		User:  latchkey.User{ID: "u1", Email: "ada@example.com", EmailVerified: true, FirstName: "Ada", Roles: []string{"reader", "writer"}},
		Token: []byte{1, 0, 2}, TokenExpiresAt: start.Add(time.Minute),
		RefreshToken: []byte{3, 0, 4}, RefreshTokenID: "r1",
		Generation: 7, RefreshedAt: start.Add(-time.Minute), Forked: true, Rebuilt: true, ConfirmedAt: start.Add(time.Second), Settled: latchkey.Digest{2}, Predecessor: latchkey.Digest{3},
		Claim: latchkey.Claim{Flight: [16]byte{9}, Until: start.Add(2 * time.Second)}, Persistent: true,
		AuthenticatedAt: start.Add(3 * time.Second), AuthMethods: []string{"pwd", "otp", "mfa"},
		Device: latchkey.Device{UserAgent: "Firefox", IP: "203.0.113.7"}, Binding: &latchkey.Binding{Key: publicKey(), BoundAt: start.Add(4 * time.Second)},
		CreatedAt: start, LastSeenAt: start.Add(time.Hour), ExpiresAt: start.Add(2 * time.Hour),
		RefreshExpiresAt: start.Add(24 * time.Hour), Deadline: start.Add(90 * 24 * time.Hour),
	}
	rand.Read(r.ID[:])
	return r
}

// publicKey returns the public key of a browser.
func publicKey() [64]byte {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // it never fails
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	return [64]byte(point[1:]) // without the byte that says how it is written
}

func together(n int, do func(int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { do(i) })
	}
	all.Wait()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func fails(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

// same compares the stored record with want, in their stored form, which has every field.
func same(t *testing.T, s latchkey.Store, want *latchkey.Record) {
	t.Helper()
	got, err := s.Get(t.Context(), want.ID)
	must(t, err)
	gotBytes, err := got.MarshalBinary()
	must(t, err)
	wantBytes, err := want.MarshalBinary()
	must(t, err)
	if !bytes.Equal(gotBytes, wantBytes) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}
