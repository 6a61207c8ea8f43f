package latchkey

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/latchkey-dev/latchkey/internal/packed"
)

// The refresh cookie is the public id, then a sealed box (see sealer) in base64url. In the box: version (1 byte), flags (1),
// generation (4), branch (16), mint time (8), and what it takes to rebuild a session that the store has lost: the user's id,
// the time of login, the absolute deadline, the provider's refresh token and its id, the device's public key.

const refreshContentVersion = 1

var errCookieTooLarge = errors.New("the refresh cookie would be over 4096 bytes: the provider's refresh token is too long")

type refreshContent struct {
	mark
	userID     string
	createdAt  time.Time
	deadline   time.Time
	token      Secret
	tokenID    string
	publicKey  []byte
	persistent bool
}

type refreshSealer struct{ sealer }

func newRefreshSealer(ring KeyRing, app, host string) *refreshSealer {
	return &refreshSealer{sealer{ring: ring, purpose: "refresh cookie", scope: []string{app, host, refreshCookieName}}}
}

func (s *refreshSealer) format(c refreshContent) string {
	var flags byte
	if c.persistent {
		flags |= flagPersistent
	}
	plain := []byte{refreshContentVersion, flags}
	plain = binary.BigEndian.AppendUint32(plain, c.generation)
	plain = append(plain, c.branch[:]...)
	plain = packed.AppendTime(plain, c.mintedAt)
	plain = packed.AppendString(plain, c.userID)
	plain = packed.AppendTime(plain, c.createdAt)
	plain = packed.AppendTime(plain, c.deadline)
	plain = packed.AppendString(plain, string(c.token))
	plain = packed.AppendString(plain, c.tokenID)
	plain = packed.AppendString(plain, string(c.publicKey))
	return cookieEncoding.EncodeToString(append(c.id[:], s.seal(c.id, plain)...))
}

// parse returns the content of a genuine cookie.
func (s *refreshSealer) parse(value string) (refreshContent, bool) {
	if value == "" || len(value) > maxCookie {
		return refreshContent{}, false
	}
	raw, err := cookieEncoding.DecodeString(value)
	if err != nil || len(raw) < len(ID{}) {
		return refreshContent{}, false
	}
	id := ID(raw[:len(ID{})])
	plain, err := s.open(id, raw[len(ID{}):])
	if err != nil {
		return refreshContent{}, false
	}
	return parseRefreshContent(id, plain)
}

func parseRefreshContent(id ID, plain []byte) (refreshContent, bool) {
	in := packed.NewReader(plain)
	if in.Byte() != refreshContentVersion {
		return refreshContent{}, false
	}
	flags := in.Byte()
	c := refreshContent{persistent: flags&flagPersistent != 0}
	c.id = id
	c.generation = in.Uint32()
	c.branch = in.Array16()
	c.mintedAt = in.Time()
	c.userID = in.String()
	c.createdAt = in.Time()
	c.deadline = in.Time()
	c.token = Secret(in.String())
	c.tokenID = in.String()
	c.publicKey = optional(in.Bytes())
	return c, in.End() == nil
}
