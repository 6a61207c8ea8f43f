package latchkey

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"errors"
)

// A sealer encrypts what must not be read outside this process: AES-256-GCM under a key that belongs to one purpose,
// one app and one session. A sealed value therefore opens nowhere else, and random nonces are safe: a key seals a few values only.
//
// Layout: version (1 byte), key id (4), nonce (12), ciphertext and tag. The first two are authenticated as well.
type sealer struct {
	ring    KeyRing
	purpose string
	scope   []string // app, host, cookie name … : what the value is bound to
}

const (
	sealVersion    = 1
	sealHeaderSize = 1 + 4
	sealNonceSize  = 12
	sealOverhead   = sealHeaderSize + sealNonceSize + 16
)

// errNotGenuine says nothing about why: a caller has the same answer to garbage, forgery and a key that is gone.
var errNotGenuine = errors.New("not sealed by this app")

func (s *sealer) seal(id ID, plain []byte) []byte {
	key := s.ring[0]
	box := make([]byte, sealHeaderSize+sealNonceSize, sealOverhead+len(plain))
	box[0] = sealVersion
	binary.BigEndian.PutUint32(box[1:], key.id)
	header, nonce := box[:sealHeaderSize], box[sealHeaderSize:]
	rand.Read(nonce)
	return s.aead(key, id).Seal(box, nonce, plain, header)
}

func (s *sealer) open(id ID, box []byte) ([]byte, error) {
	if len(box) < sealOverhead || box[0] != sealVersion {
		return nil, errNotGenuine
	}
	key, known := s.ring.find(binary.BigEndian.Uint32(box[1:]))
	if !known {
		return nil, errNotGenuine
	}
	header, nonce, sealed := box[:sealHeaderSize], box[sealHeaderSize:sealHeaderSize+sealNonceSize], box[sealHeaderSize+sealNonceSize:]
	plain, err := s.aead(key, id).Open(nil, nonce, sealed, header)
	if err != nil {
		return nil, errNotGenuine
	}
	return plain, nil
}

func (s *sealer) aead(key Key, id ID) cipher.AEAD {
	parts := append(s.scope[:len(s.scope):len(s.scope)], string(id[:]))
	block, err := aes.NewCipher(key.derive(s.purpose, 32, parts...))
	if err != nil {
		panic(err) // only for a wrong key length
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // only for a block size other than AES has
	}
	return aead
}
