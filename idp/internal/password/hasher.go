package password

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/text/unicode/norm"
)

// MaxBytes is the longest password that is hashed, counted before
// normalisation. A longer one can never have been set.
const MaxBytes = 1024

// ErrBusy means that the queue for the pool is full: answer 503 and let the
// client come back.
var ErrBusy = errors.New("password: too many passwords are waiting to be hashed")

// ErrTooLong is the refusal to set a password of more than [MaxBytes] bytes.
var ErrTooLong = errors.New("password: longer than 1024 bytes")

// Normalize returns the form of a password that is counted and hashed: NFC,
// and nothing else (SP 800-63B; ASVS V6.2.8). No trimming, no case change.
func Normalize(password string) string { return norm.NFC.String(password) }

// Hasher hashes at most a fixed number of passwords at once, keeps a bounded
// number waiting, and refuses the rest at once. Each running hash holds
// Params.MemoryKiB of memory, so the pool is also the bound on memory.
//
// Hashes whose cost differs from ours have a pool of their own, of half the size: a client that
// waits behind one would learn what it costs, and that the account was imported.
type Hasher struct {
	params Params
	ours   *pool // for unknown users, too
	others *pool
	floor  atomic.Int64 // the least time of a refusal, in nanoseconds
}

// NewHasher returns a Hasher with the given cost, which must be within bounds.
// Zero workers mean all processors but one, and at least one, so that a flood of logins leaves a
// processor for other requests.
func NewHasher(p Params, workers, queue int) (*Hasher, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	if workers < 0 || queue < 0 {
		return nil, errors.New("password: workers and queue must not be negative")
	}
	if workers == 0 {
		workers = max(1, runtime.GOMAXPROCS(0)-1)
	}
	return &Hasher{params: p, ours: newPool(workers, queue), others: newPool(max(1, workers/2), queue)}, nil
}

// poolOf returns the pool in which a hash of the class is computed.
func (h *Hasher) poolOf(c Class) *pool {
	if c == "" || c == h.Own() {
		return h.ours
	}
	return h.others
}

// Hash returns the PHC string of a new password.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if len(password) > MaxBytes {
		return "", ErrTooLong
	}
	if err := h.ours.enter(ctx); err != nil {
		return "", err
	}
	defer h.ours.leave()
	return hash([]byte(Normalize(password)), h.params), nil
}

// Verify reports whether the password is the one that stored was made of. An
// empty stored hash stands for an unknown user: it matches nothing and costs a
// full hash, so that response time does not reveal whether the user exists. An over-long password
// is treated likewise.
//
// If the password is right and stored was made at another cost than today's,
// renewed is a hash to store in its place. No refusal leaves before the time that
// [Hasher.CoverRefusals] sets.
func (h *Hasher) Verify(ctx context.Context, stored, password string) (ok bool, renewed string, err error) {
	ok, renewed, began, err := h.verifyInPool(ctx, stored, password)
	if !ok && err == nil {
		h.holdBack(ctx, began, password)
	}
	return ok, renewed, err
}

// VerifyOfRefused is Verify for a user who is refused even with the right password: both take the
// same time.
func (h *Hasher) VerifyOfRefused(ctx context.Context, stored, password string) (ok bool, renewed string, err error) {
	ok, renewed, began, err := h.verifyInPool(ctx, stored, password)
	if err == nil {
		h.holdBack(ctx, began, password)
	}
	return ok, renewed, err
}

// verifyInPool waits for a place in the pool; began is when it got one.
func (h *Hasher) verifyInPool(ctx context.Context, stored, password string) (ok bool, renewed string, began time.Time, err error) {
	p := h.poolOf(ClassOf(stored))
	if err := p.enter(ctx); err != nil {
		return false, "", began, err
	}
	defer p.leave()
	began = time.Now()
	ok, renewed, err = h.verify(stored, password)
	return ok, renewed, began, err
}

func (h *Hasher) verify(stored, password string) (ok bool, renewed string, err error) {
	if isForeign(stored) {
		return h.verifyForeign(stored, password)
	}
	known := phc{h.params, make([]byte, saltSize), make([]byte, keySize)}
	if stored != "" {
		if known, err = parsePHC(stored); err != nil {
			return false, "", err
		}
	}
	tooLong := len(password) > MaxBytes
	if tooLong {
		password = ""
	}
	normal := []byte(Normalize(password))
	if !known.matches(normal) || stored == "" || tooLong {
		return false, "", nil
	}
	if known.Params != h.params {
		renewed = hash(normal, h.params)
	}
	return true, renewed, nil
}

// verifyForeign checks a hash of another system. It also computes one of ours, so that cheap hashes
// take no less time, whether the password is right or wrong.
func (h *Hasher) verifyForeign(stored, password string) (ok bool, renewed string, err error) {
	tooLong := len(password) > MaxBytes
	if tooLong {
		password = ""
	}
	ok, err = matchesForeign(stored, password)
	renewed = hash([]byte(Normalize(password)), h.params)
	if !ok || err != nil || tooLong {
		return false, "", err
	}
	return true, renewed, nil
}
