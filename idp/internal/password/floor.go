package password

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// A Class is what hashes of one cost begin with, such as "$2a$12$" or
// "$argon2id$v=19$m=19456,t=2,p=1$".
type Class string

// ClassOf returns the class of a stored hash, or "" if the hash is malformed.
func ClassOf(stored string) Class {
	parameters := 3 // "", the scheme and its factor; bcrypt's and ours are text up to the salt, too
	switch {
	case stored == "":
		return ""
	case strings.HasPrefix(stored, "$argon2id$"):
		parameters = 4
	case strings.HasPrefix(stored, "$"+schemeFirebase+"$"):
		before, _, _ := strings.Cut(stored, ",ss=") // what follows is of the project
		return Class(before + ",")
	}
	f := strings.SplitN(stored, "$", parameters+1)
	if len(f) <= parameters {
		return ""
	}
	return Class(strings.Join(f[:parameters], "$") + "$")
}

// Own is the class of the hashes that Hash makes.
func (h *Hasher) Own() Class {
	return Class(fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$", h.params.MemoryKiB, h.params.Iterations, h.params.Lanes))
}

// cost orders classes of one scheme by how long they take.
func (c Class) cost() float64 {
	f := append(strings.Split(string(c), "$"), "", "", "", "")
	var a, b, n float64
	switch f[1] {
	case schemeArgon2id:
		fmt.Sscanf(f[3], "m=%g,t=%g", &a, &b)
		return a * b
	case schemeFirebase:
		fmt.Sscanf(f[2], "v=1,n=%g,r=%g", &n, &a)
		return math.Exp2(n) * a
	}
	fmt.Sscanf(f[2], "%g", &a)
	return a
}

// Dearest returns the slowest class of each scheme. If each user has a factor of their own there
// are as many classes as users.
func Dearest(all []Class) []Class {
	dearest := make(map[string]Class)
	for _, c := range all {
		scheme := strings.Split(string(c)+"$$", "$")[1]
		if before, known := dearest[scheme]; !known || c.cost() > before.cost() {
			dearest[scheme] = c
		}
	}
	return slices.Sorted(maps.Values(dearest))
}

// sample is a hash of the class that no password has.
func (c Class) sample() string {
	zeros := func(n int) string { return base64.StdEncoding.EncodeToString(make([]byte, n)) }
	raw := func(n int) string { return base64.RawStdEncoding.EncodeToString(make([]byte, n)) }
	f := strings.Split(string(c), "$")
	switch scheme := f[1]; scheme {
	case "2a":
		return string(c) + strings.Repeat(".", 53)
	case schemeArgon2id:
		return string(c) + raw(saltSize) + "$" + raw(keySize)
	case schemeFirebase:
		return string(c) + "ss=Bw==,sk=" + zeros(64) + "$" + zeros(16) + "$" + zeros(64)
	default:
		size := md5.Size
		if s, known := schemes[scheme]; known {
			size = s.size
		}
		return string(c) + zeros(16) + "$" + zeros(size)
	}
}

// Measure returns how long a wrong password takes with a hash of the class, without the wait for a
// place in the pool.
func (h *Hasher) Measure(ctx context.Context, c Class) (longest time.Duration, err error) {
	p := h.poolOf(c)
	for range 3 {
		if err := p.enter(ctx); err != nil {
			return 0, err
		}
		began := time.Now()
		_, _, err := h.verify(c.sample(), "a password that nobody has")
		took := time.Since(began)
		p.leave()
		if err != nil {
			return 0, err
		}
		if longest = max(longest, took); took > 200*time.Millisecond { // long enough to tell
			break
		}
	}
	return longest, nil
}

const (
	margin      = 1.5             // of the measured time: a machine has slower moments
	longestWait = 4 * time.Second // a guard gives up after five
)

// CoverRefusals delays every refusal until a hash of this duration could have been computed, so
// that response time does not reveal whether a hash is cheap, expensive or missing. The delay is
// outside of the pool and holds up nobody else. Zero means no delay.
func (h *Hasher) CoverRefusals(longest time.Duration) {
	h.floor.Store(int64(margin * float64(longest)))
}

// holdBack delays the refusal of a password whose check began at this time, unless the caller goes
// away.
func (h *Hasher) holdBack(ctx context.Context, began time.Time, typed string) {
	floor := time.Duration(h.floor.Load())
	if Normalize(typed) != typed { // then hashes of other systems are tried twice
		floor *= 2
	}
	rest := min(floor, longestWait) - time.Since(began)
	if rest <= 0 {
		return
	}
	timer := time.NewTimer(rest)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Covered returns the least time of a refusal.
func (h *Hasher) Covered() time.Duration { return time.Duration(h.floor.Load()) }
