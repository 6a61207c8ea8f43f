package latchkey

import (
	"crypto/subtle"
	"time"
)

// A verifiedCookie is a session cookie whose MAC was right. To be equal to it proves as much as the
// MAC does, and costs a tenth: the keys of a Guard do not change. There is one for each session in
// memory, so it has no more than it needs.
type verifiedCookie struct {
	text       [sessionCookieLength]byte
	generation uint32
	mintedAt   int64  // milliseconds since 1970
	digest     Digest // of the branch
}

func (p *verifiedCookie) is(text string) bool {
	return subtle.ConstantTimeCompare(p.text[:], []byte(text)) == 1
}

// presented is what the cookie shows of a session, but for the branch itself.
func (p *verifiedCookie) presented(id ID) presented {
	return presented{mark: mark{id: id, generation: p.generation, mintedAt: time.UnixMilli(p.mintedAt)}, session: true, known: &p.digest}
}

// remember keeps a cookie whose MAC was right.
func (c *cachedRecord) remember(text string, m mark) {
	p := &verifiedCookie{generation: m.generation, mintedAt: m.mintedAt.UnixMilli(), digest: m.branch.digest()}
	copy(p.text[:], text)
	c.verified.Store(p)
}

// Where the id begins and ends in the raw cookie, and between which characters all its bits are.
const (
	idFrom, idTo     = 1 + 4, 1 + 4 + len(ID{})
	idTextFrom       = idFrom / 3 * 4
	idTextTo         = (idTo + 2) / 3 * 4
	idSkip, idDecode = idFrom % 3, (idTextTo - idTextFrom) / 4 * 3
)

// claimedSession returns the id that a session cookie claims. Nothing may be believed of it.
func claimedSession(cookie string) (id ID, ok bool) {
	if len(cookie) != sessionCookieLength {
		return id, false
	}
	var text [idTextTo - idTextFrom]byte
	var raw [idDecode]byte
	copy(text[:], cookie[idTextFrom:idTextTo])
	if _, err := cookieEncoding.Decode(raw[:], text[:]); err != nil {
		return id, false
	}
	copy(id[:], raw[idSkip:])
	return id, true
}
