package cookie

import (
	"log/slog"
	"time"

	"github.com/latchkey-dev/latchkey/internal/packed"
)

// The refresh cookie is the public id, then a sealed box (see Sealer) in base64url. In the box: the
// version, 2, and tagged fields (package packed): the mark, and what it takes to rebuild a session
// that the store has lost. It grows by tags, never by versions.
const refreshVersion = 2

// A Content is what a refresh cookie says. Its token and branch are secret. It is keyed if and only
// if it has BoundAt.
type Content struct {
	Mark
	UserID          string
	AuthenticatedAt time.Time
	AuthMethods     []string
	CreatedAt       time.Time
	Deadline        time.Time
	Token           Token
	TokenID         string
	PublicKey       []byte    // of a bound session
	BoundAt         time.Time // when the browser first used that key; zero for other sessions
	Persistent      bool
	Unknown         packed.Unknown // what another program put there
}

var refreshLayout = packed.Layout[Content]{
	packed.Text(packed.TagUserID, func(c *Content) *string { return &c.UserID }),
	packed.Text(packed.TagRefreshToken, func(c *Content) *Token { return &c.Token }),
	packed.Text(packed.TagRefreshTokenID, func(c *Content) *string { return &c.TokenID }),
	packed.Uint32(packed.TagGeneration, func(c *Content) *uint32 { return &c.Generation }),
	packed.Bool(packed.TagPersistent, func(c *Content) *bool { return &c.Persistent }),
	packed.Bytes(packed.TagPublicKey, func(c *Content) *[]byte { return &c.PublicKey }),
	packed.Time(packed.TagAuthenticatedAt, func(c *Content) *time.Time { return &c.AuthenticatedAt }),
	packed.Texts(packed.TagAuthMethods, func(c *Content) *[]string { return &c.AuthMethods }),
	packed.Time(packed.TagCreatedAt, func(c *Content) *time.Time { return &c.CreatedAt }),
	packed.Time(packed.TagDeadline, func(c *Content) *time.Time { return &c.Deadline }),
	packed.Array16(packed.TagBranch, func(c *Content) *Branch { return &c.Branch }),
	packed.Time(packed.TagMintedAt, func(c *Content) *time.Time { return &c.MintedAt }),
	packed.Time(packed.TagBoundAt, func(c *Content) *time.Time { return &c.BoundAt }),
}

// Token is the provider's refresh token. It prints as nothing of itself.
type Token string

// String hides the token.
func (Token) String() string { return "[secret]" }

// GoString hides the token.
func (Token) GoString() string { return "[secret]" }

// LogValue hides the token.
func (Token) LogValue() slog.Value { return slog.StringValue("[secret]") }

const idSize = 16

// Refreshes makes and reads refresh cookies.
type Refreshes struct{ sealer Sealer }

// NewRefreshes binds the cookies to the app and its host.
func NewRefreshes(keys Keys, app, host string) *Refreshes {
	return &Refreshes{Sealer{Keys: keys, Purpose: "refresh cookie", Scope: []string{app, host, RefreshName}}}
}

// Format returns the refresh cookie that says c.
func (s *Refreshes) Format(c Content) string {
	plain := refreshLayout.Append([]byte{refreshVersion}, &c, c.Unknown)
	return Encoding.EncodeToString(append(c.ID[:], s.sealer.Seal(c.ID, plain)...))
}

// Parse returns the content of a genuine cookie.
func (s *Refreshes) Parse(value string) (Content, bool) {
	if value == "" || len(value) > MaxSize {
		return Content{}, false
	}
	raw, err := Encoding.DecodeString(value)
	if err != nil || len(raw) < idSize {
		return Content{}, false
	}
	id := [idSize]byte(raw[:idSize])
	plain, err := s.sealer.Open(id, raw[idSize:])
	if err != nil {
		return Content{}, false
	}
	return parseContent(id, plain)
}

func parseContent(id [idSize]byte, plain []byte) (Content, bool) {
	if len(plain) == 0 {
		return Content{}, false
	}
	c, err := Content{}, packed.ErrMalformed
	switch plain[0] {
	case 1:
		c, err = parseContentV1(plain[1:])
	case refreshVersion:
		c.Unknown, err = refreshLayout.Read(plain[1:], &c)
	}
	c.ID, c.Keyed = id, !c.BoundAt.IsZero()
	return c, err == nil
}

// parseContentV1 reads version 1, which is no longer written: fields in a fixed order.
func parseContentV1(plain []byte) (c Content, err error) {
	in := packed.NewReader(plain)
	c.Persistent = in.Byte()&1 != 0
	c.Generation = in.Uint32()
	c.Branch = in.Array16()
	c.MintedAt = in.Time()
	c.UserID = in.String()
	c.CreatedAt = in.Time()
	c.AuthenticatedAt = c.CreatedAt
	c.Deadline = in.Time()
	c.Token = Token(in.String())
	c.TokenID = in.String()
	if key := in.Bytes(); len(key) > 0 {
		c.PublicKey = key
	}
	return c, in.End()
}

// UnknownKey returns the id of the key that a cookie names, if it is not one of ours.
func (s *Refreshes) UnknownKey(value string) (id uint32, unknown bool) {
	if len(value) > MaxSize {
		return 0, false
	}
	raw, err := Encoding.DecodeString(value)
	if err != nil || len(raw) < idSize {
		return 0, false
	}
	id, ok := SealedWith(raw[idSize:])
	if !ok {
		return 0, false
	}
	_, known := s.sealer.Keys.find(id)
	return id, !known
}
