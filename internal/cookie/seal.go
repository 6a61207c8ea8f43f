package cookie

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
)

// A Key is one of the app's keys.
type Key struct {
	ID     uint32
	Derive func(purpose string, length int, parts ...string) []byte // one key for each purpose
}

// Keys are those of an app: the first seals, all of them open.
type Keys []Key

func (k Keys) find(id uint32) (Key, bool) {
	for _, key := range k {
		if key.ID == id {
			return key, true
		}
	}
	return Key{}, false
}

// A Sealer encrypts what must not be read outside this process: AES-256-GCM under a key that
// belongs to one purpose, one app and one session. A sealed value therefore opens nowhere else, and
// random nonces are safe: a key seals a few values only.
//
// Layout: version (1 byte), key id (4), nonce (12), ciphertext and tag. The first two are
// authenticated as well.
type Sealer struct {
	Keys    Keys
	Purpose string
	Scope   []string // app, host, cookie name … : what the value is bound to
}

const (
	sealVersion    = 1
	sealHeaderSize = 1 + 4
	sealNonceSize  = 12
	sealOverhead   = sealHeaderSize + sealNonceSize + 16
)

// ErrNotGenuine says nothing about why: a caller has the same answer to garbage, forgery and a key
// that is gone.
var ErrNotGenuine = errors.New("not sealed by this app")

// Seal encrypts what belongs to the session of that id.
func (s *Sealer) Seal(id [16]byte, plain []byte) []byte {
	key := s.Keys[0]
	box := make([]byte, sealHeaderSize+sealNonceSize, sealOverhead+len(plain))
	box[0] = sealVersion
	binary.BigEndian.PutUint32(box[1:], key.ID)
	header, nonce := box[:sealHeaderSize], box[sealHeaderSize:]
	rand.Read(nonce)
	return s.aead(key, id).Seal(box, nonce, plain, header)
}

// Open returns what was sealed for the session, or ErrNotGenuine.
func (s *Sealer) Open(id [16]byte, box []byte) ([]byte, error) {
	keyID, ok := SealedWith(box)
	if !ok {
		return nil, ErrNotGenuine
	}
	key, known := s.Keys.find(keyID)
	if !known {
		return nil, ErrNotGenuine
	}
	header, nonce, sealed := box[:sealHeaderSize], box[sealHeaderSize:sealHeaderSize+sealNonceSize], box[sealHeaderSize+sealNonceSize:]
	plain, err := s.aead(key, id).Open(nil, nonce, sealed, header)
	if err != nil {
		return nil, ErrNotGenuine
	}
	return plain, nil
}

func (s *Sealer) aead(key Key, id [16]byte) cipher.AEAD {
	parts := append(s.Scope[:len(s.Scope):len(s.Scope)], string(id[:]))
	block, err := aes.NewCipher(key.Derive(s.Purpose, 32, parts...))
	if err != nil {
		panic(err) // only for a wrong key length
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // only for a block size other than AES has
	}
	return aead
}

// SealedWith returns the id of the key that a box names, in the clear. Nothing may be believed of
// it.
func SealedWith(box []byte) (keyID uint32, ok bool) {
	if len(box) < sealOverhead || box[0] != sealVersion {
		return 0, false
	}
	return binary.BigEndian.Uint32(box[1:]), true
}
