package latchkey

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"hash"
	"sync"
	"time"
)

// The session cookie is a mark and a MAC over it, in base64url: version (1 byte), key id (4),
// public id (16), generation (4), branch (16), mint time (8), HMAC-SHA-256 (32).
const (
	sessionCookieVersion = 1
	sessionMarkSize      = 1 + 4 + 16 + 4 + 16 + 8
	sessionCookieSize    = sessionMarkSize + sha256.Size
	sessionCookieLength  = sessionCookieSize / 3 * 4 // no remainder, hence no padding
)

// sessionMAC authenticates session cookies: a forged one is refused without a look into the store.
type sessionMAC struct {
	keys []*macKey // in the order of the ring
}

// A macKey keeps hashers for reuse: a fresh one costs six allocations, on every request.
type macKey struct {
	id   uint32
	pool sync.Pool // of *macState
}

type macState struct {
	hash hash.Hash
	raw  [sessionCookieSize]byte
	text [sessionCookieLength]byte
	sum  [sha256.Size]byte
}

// newSessionMAC derives one key per ring key. App, host and cookie name go into the key, so that no
// cookie works in another place.
func newSessionMAC(ring KeyRing, app, host string) *sessionMAC {
	s := &sessionMAC{}
	for _, k := range ring {
		s.keys = append(s.keys, newMACKey(k.id, k.derive("session cookie", sha256.Size, app, host, sessionCookieName)))
	}
	return s
}

func newMACKey(id uint32, secret []byte) *macKey {
	key := &macKey{id: id}
	key.pool.New = func() any { return &macState{hash: hmac.New(sha256.New, secret)} }
	return key
}

func (s *sessionMAC) format(m mark) string {
	key := s.keys[0]
	state := key.pool.Get().(*macState)
	defer key.pool.Put(state)
	raw := append(state.raw[:0], sessionCookieVersion)
	raw = binary.BigEndian.AppendUint32(raw, key.id)
	raw = append(raw, m.id[:]...)
	raw = binary.BigEndian.AppendUint32(raw, m.generation)
	raw = append(raw, m.branch[:]...)
	raw = binary.BigEndian.AppendUint64(raw, uint64(m.mintedAt.UnixMilli()))
	raw = append(raw, state.mac(raw)...)
	return cookieEncoding.EncodeToString(raw)
}

// parse returns the mark of a genuine cookie.
func (s *sessionMAC) parse(value string) (mark, bool) {
	if len(value) != sessionCookieLength {
		return mark{}, false
	}
	key := s.keys[0]
	state := key.pool.Get().(*macState)
	m, keyID, ok := state.decode(value)
	if ok && keyID == key.id {
		ok = state.verify()
		key.pool.Put(state)
		return m, ok
	}
	key.pool.Put(state)
	if !ok {
		return mark{}, false
	}
	for _, older := range s.keys[1:] {
		if older.id == keyID {
			return older.parse(value)
		}
	}
	return mark{}, false
}

func (k *macKey) parse(value string) (mark, bool) {
	state := k.pool.Get().(*macState)
	defer k.pool.Put(state)
	m, _, ok := state.decode(value)
	return m, ok && state.verify()
}

// decode reads value into raw and returns what it claims. Nothing of it may be believed before
// verify.
func (st *macState) decode(value string) (m mark, keyID uint32, ok bool) {
	copy(st.text[:], value)
	if n, err := cookieEncoding.Decode(st.raw[:], st.text[:]); err != nil || n != sessionCookieSize || st.raw[0] != sessionCookieVersion {
		return mark{}, 0, false
	}
	keyID = binary.BigEndian.Uint32(st.raw[1:])
	m.id = ID(st.raw[5:21])
	m.generation = binary.BigEndian.Uint32(st.raw[21:])
	m.branch = branch(st.raw[25:41])
	m.mintedAt = time.UnixMilli(int64(binary.BigEndian.Uint64(st.raw[41:])))
	return m, keyID, true
}

func (st *macState) verify() bool {
	return hmac.Equal(st.mac(st.raw[:sessionMarkSize]), st.raw[sessionMarkSize:])
}

func (st *macState) mac(message []byte) []byte {
	st.hash.Reset()
	st.hash.Write(message)
	return st.hash.Sum(st.sum[:0])
}

// unknownKey returns the id of the key that a cookie names, if this node does not have it.
func (s *sessionMAC) unknownKey(value string) (id uint32, unknown bool) {
	if len(value) != sessionCookieLength {
		return 0, false
	}
	var st macState
	_, id, ok := st.decode(value)
	if !ok {
		return 0, false
	}
	for _, k := range s.keys {
		if k.id == id {
			return 0, false
		}
	}
	return id, true
}

// A verifiedCookie is a session cookie whose MAC was right. To be equal to it proves as much as the
// MAC does, and costs a tenth: the keys of a Guard do not change. There is one for each session in
// memory, so it has no more than it needs.
type verifiedCookie struct {
	text     [sessionCookieLength]byte
	mintedAt uint32 // the low bits of the milliseconds since 1970
	digest   Digest // of the branch
}

func (p *verifiedCookie) is(text string) bool {
	return subtle.ConstantTimeCompare(p.text[:], []byte(text)) == 1
}

// presented is what the cookie shows of the session, but for the branch itself. It was minted within
// the last 49 days, which is what 32 bits can tell.
func (p *verifiedCookie) presented(rec *Record, now time.Time) presented {
	ms := now.UnixMilli()
	mintedAt := time.UnixMilli(ms - int64(uint32(ms)-p.mintedAt))
	return presented{mark: mark{id: rec.ID, generation: rec.Generation, mintedAt: mintedAt}, session: true, known: &p.digest}
}

// remember keeps a cookie of the newest generation whose MAC was right.
func (c *cachedRecord) remember(text string, m mark) {
	p := &verifiedCookie{mintedAt: uint32(m.mintedAt.UnixMilli()), digest: m.branch.digest()}
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
