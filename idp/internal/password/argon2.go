// Package password turns passwords into Argon2id hashes and checks them, in a
// pool that bounds how much memory and processor time strangers can claim.
//
// Hashes are stored as PHC strings, which say how they were computed.
package password

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Params is the cost of one Argon2id hash.
type Params struct {
	MemoryKiB  uint32
	Iterations uint32
	Lanes      uint8
}

// OWASP is the row of the OWASP password storage cheat sheet that we use by
// default: 19 MiB, two passes, one lane.
var OWASP = Params{MemoryKiB: 19456, Iterations: 2, Lanes: 1}

// Strong reports whether p reaches any of the rows that OWASP lists as
// equally good: fewer passes need more memory.
func (p Params) Strong() bool {
	for _, row := range [...]Params{{47104, 1, 1}, {19456, 2, 1}, {12288, 3, 1}, {9216, 4, 1}, {7168, 5, 1}} {
		if p.MemoryKiB >= row.MemoryKiB && p.Iterations >= row.Iterations {
			return true
		}
	}
	return false
}

// Bounds on the cost of a stored hash. A poisoned row must not exhaust memory or time.
const (
	maxMemoryKiB  = 256 << 10
	maxIterations = 16
	maxLanes      = 8
	minSalt       = 8
	maxSalt       = 64
	minKey        = 16
	maxKey        = 64

	saltSize = 16
	keySize  = 32
)

func (p Params) check() error {
	if p.Lanes < 1 || p.Lanes > maxLanes || p.Iterations < 1 || p.Iterations > maxIterations ||
		p.MemoryKiB < 8*uint32(p.Lanes) || p.MemoryKiB > maxMemoryKiB {
		return fmt.Errorf("password: argon2id cost out of bounds: m=%d,t=%d,p=%d", p.MemoryKiB, p.Iterations, p.Lanes)
	}
	return nil
}

// errMalformed does not contain the hash, which must not be logged.
var errMalformed = errors.New("password: not an argon2id PHC string")

// phc is a parsed "$argon2id$v=19$m=…,t=…,p=…$salt$key".
type phc struct {
	Params
	salt, key []byte
}

func parsePHC(s string) (phc, error) {
	f := strings.Split(s, "$")
	if len(f) != 6 || f[0] != "" || f[1] != "argon2id" || f[2] != "v=19" {
		return phc{}, errMalformed
	}
	var h phc
	cost := strings.Split(f[3], ",")
	if len(cost) != 3 {
		return phc{}, errMalformed
	}
	var n [3]uint64
	for i, name := range [...]string{"m=", "t=", "p="} {
		digits, ok := strings.CutPrefix(cost[i], name)
		v, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil || strconv.FormatUint(v, 10) != digits {
			return phc{}, errMalformed
		}
		n[i] = v
	}
	if n[2] > maxLanes {
		return phc{}, fmt.Errorf("password: argon2id cost out of bounds: p=%d", n[2])
	}
	h.Params = Params{uint32(n[0]), uint32(n[1]), uint8(n[2])}
	if err := h.check(); err != nil {
		return phc{}, err
	}
	var err1, err2 error
	strict := base64.RawStdEncoding.Strict()
	h.salt, err1 = strict.DecodeString(f[4])
	h.key, err2 = strict.DecodeString(f[5])
	if err1 != nil || err2 != nil || len(h.salt) < minSalt || len(h.salt) > maxSalt || len(h.key) < minKey || len(h.key) > maxKey {
		return phc{}, errMalformed
	}
	return h, nil
}

func (h phc) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.MemoryKiB, h.Iterations, h.Lanes, b64.EncodeToString(h.salt), b64.EncodeToString(h.key))
}

func hash(password []byte, p Params) string {
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails: crypto/rand ends the program instead
	h := phc{p, salt, argon2.IDKey(password, salt, p.Iterations, p.MemoryKiB, p.Lanes, keySize)}
	return h.String()
}

func (h phc) matches(password []byte) bool {
	key := argon2.IDKey(password, h.salt, h.Iterations, h.MemoryKiB, h.Lanes, uint32(len(h.key)))
	return subtle.ConstantTimeCompare(key, h.key) == 1
}
