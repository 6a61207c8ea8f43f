package latchkey

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/latchkey-dev/latchkey/internal/packed"
)

// The refresh cookie is the public id, then a sealed box (see sealer) in base64url. In the box: the
// version, 2, and tagged fields (package packed): the mark, and what it takes to rebuild a session
// that the store has lost. It grows by tags, never by versions.
const refreshContentVersion = 2

var errCookieTooLarge = errors.New("the refresh cookie would be over 4096 bytes: the provider's refresh token is too long")

type refreshContent struct {
	mark
	userID          string
	authenticatedAt time.Time
	authMethods     []string
	createdAt       time.Time
	deadline        time.Time
	token           Secret
	tokenID         string
	publicKey       []byte
	persistent      bool
	unknown         packed.Unknown // what another program put there
}

var refreshLayout = packed.Layout[refreshContent]{
	packed.Text(packed.TagUserID, func(c *refreshContent) *string { return &c.userID }),
	packed.Text(packed.TagRefreshToken, func(c *refreshContent) *Secret { return &c.token }),
	packed.Text(packed.TagRefreshTokenID, func(c *refreshContent) *string { return &c.tokenID }),
	packed.Uint32(packed.TagGeneration, func(c *refreshContent) *uint32 { return &c.generation }),
	packed.Bool(packed.TagPersistent, func(c *refreshContent) *bool { return &c.persistent }),
	packed.Bytes(packed.TagPublicKey, func(c *refreshContent) *[]byte { return &c.publicKey }),
	packed.Time(packed.TagAuthenticatedAt, func(c *refreshContent) *time.Time { return &c.authenticatedAt }),
	packed.Texts(packed.TagAuthMethods, func(c *refreshContent) *[]string { return &c.authMethods }),
	packed.Time(packed.TagCreatedAt, func(c *refreshContent) *time.Time { return &c.createdAt }),
	packed.Time(packed.TagDeadline, func(c *refreshContent) *time.Time { return &c.deadline }),
	packed.Array16(packed.TagBranch, func(c *refreshContent) *branch { return &c.branch }),
	packed.Time(packed.TagMintedAt, func(c *refreshContent) *time.Time { return &c.mintedAt }),
}

type refreshSealer struct{ sealer }

func newRefreshSealer(ring KeyRing, app, host string) *refreshSealer {
	return &refreshSealer{sealer{ring: ring, purpose: "refresh cookie", scope: []string{app, host, refreshCookieName}}}
}

func (s *refreshSealer) format(c refreshContent) string {
	plain := refreshLayout.Append([]byte{refreshContentVersion}, &c, c.unknown)
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
	if len(plain) == 0 {
		return refreshContent{}, false
	}
	c, err := refreshContent{}, packed.ErrMalformed
	switch plain[0] {
	case 1:
		c, err = parseRefreshContentV1(plain[1:])
	case refreshContentVersion:
		c.unknown, err = refreshLayout.Read(plain[1:], &c)
	}
	c.id = id
	return c, err == nil
}

// parseRefreshContentV1 reads version 1, which is no longer written: fields in a fixed order.
func parseRefreshContentV1(plain []byte) (c refreshContent, err error) {
	in := packed.NewReader(plain)
	c.persistent = in.Byte()&1 != 0
	c.generation = in.Uint32()
	c.branch = in.Array16()
	c.mintedAt = in.Time()
	c.userID = in.String()
	c.createdAt = in.Time()
	c.authenticatedAt = c.createdAt
	c.deadline = in.Time()
	c.token = Secret(in.String())
	c.tokenID = in.String()
	c.publicKey = optional(in.Bytes())
	return c, in.End()
}

// unknownKey returns the id of the key that a cookie names, if this node does not have it.
func (s *refreshSealer) unknownKey(value string) (id uint32, unknown bool) {
	if len(value) > maxCookie {
		return 0, false
	}
	raw, err := cookieEncoding.DecodeString(value)
	if err != nil || len(raw) < len(ID{})+sealOverhead || raw[len(ID{})] != sealVersion {
		return 0, false
	}
	id = binary.BigEndian.Uint32(raw[len(ID{})+1:])
	_, known := s.ring.find(id)
	return id, !known
}
