// Package mac makes HMAC-SHA-256 codes with hashers that are used again: a fresh one costs six
// allocations, on every request.
package mac

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
)

// Size is that of a code in bytes.
const Size = sha256.Size

// A Key makes codes. Its methods may be called by many goroutines.
type Key struct {
	ID   uint32
	pool sync.Pool // of *state
}

type state struct {
	hash    hash.Hash
	message []byte
	sum     [Size]byte
}

// New returns a key with its id, which does not go into the codes.
func New(id uint32, secret []byte) *Key {
	key := &Key{ID: id}
	key.pool.New = func() any { return &state{hash: hmac.New(sha256.New, secret)} }
	return key
}

// Append appends the code of the message to b. It keeps neither: both may be on the stack.
func (k *Key) Append(b, message []byte) []byte {
	s := k.pool.Get().(*state)
	defer k.pool.Put(s)
	s.message = append(s.message[:0], message...)
	s.hash.Reset()
	s.hash.Write(s.message)
	return append(b, s.hash.Sum(s.sum[:0])...)
}
