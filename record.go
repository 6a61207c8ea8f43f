package latchkey

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/packed"
	"github.com/latchkey-dev/latchkey/internal/rotation"
)

// An ID is the public name of a session: 128 random bits. It grants no access, so it may be logged
// and shown to its user.
type ID [16]byte

func newID() (id ID) {
	rand.Read(id[:])
	return id
}

// String returns the id in base64url, 22 characters.
func (id ID) String() string { return base64.RawURLEncoding.EncodeToString(id[:]) }

// ParseID parses what String returns, for example in the path of an admin route.
func ParseID(text string) (ID, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != len(ID{}) {
		return ID{}, errors.New("latchkey: not the id of a session: want 22 characters of base64url")
	}
	return ID(raw), nil
}

// A Record is a session in the store, from login until it is swept after its end. Nothing in it can
// be used to forge a cookie: branches are digests, and the provider's tokens are sealed. Its stored
// form has more than the exported fields: a store keeps the Record itself, or what AppendBinary
// returns.
type Record struct {
	ID      ID
	Version uint64 // 1 at Create, incremented by every Swap
	App     string
	User    User

	Token          []byte    // the provider's JWT, sealed
	TokenExpiresAt time.Time // the JWT's exp; zero if unknown
	RefreshToken   []byte    // the provider's newest refresh token, sealed
	RefreshTokenID string    // its id at the provider, for Provider.Revoke
	RefreshedAt    time.Time // when the provider issued them; zero in records of earlier versions

	Generation uint32 // counts the refreshes; 1 after login
	Forked     bool   // several branches of this generation were minted
	Rebuilt    bool   // this generation was made from a cookie alone: no known predecessor
	Persistent bool   // the refresh cookie outlives the browser
	Unrevoked  bool   // ended, but RefreshTokenID is not yet revoked at the provider

	ConfirmedAt time.Time // when the browser first proved that it has cookies of this generation
	Settled     Digest    // the branch that the browser kept; zero if not known yet
	Predecessor Digest    // the settled branch of the previous generation; zero in generation 1
	Claim       Claim

	Device  Device   // at login
	Binding *Binding // the key of the browser; nil: it has none

	AuthenticatedAt time.Time // when the user last authenticated; zero if unknown
	AuthMethods     []string  // how; see Grant.AuthMethods

	CreatedAt        time.Time
	LastSeenAt       time.Time // advanced by Store.Touch, which leaves the version alone
	ExpiresAt        time.Time // when a refresh is due even if in constant use (Config.SessionCap)
	RefreshExpiresAt time.Time // until when the refresh token can resume the session
	Deadline         time.Time // the absolute timeout; a tombstone is kept until then

	EndedAt   time.Time // zero: not ended
	EndReason EndReason

	extra *extra // may be nil
}

// A Digest is the first half of the SHA-256 of a branch: enough to recognize the branch, useless
// for forging one.
type Digest [16]byte

// A Claim is the exclusive right of one flight to refresh the session, until a time.
type Claim struct {
	Flight [16]byte
	Until  time.Time
}

// A Device is what is known about a browser.
type Device struct {
	UserAgent string // the first 256 bytes
	IP        string
}

// An EndReason is why a session has ended.
type EndReason string

// The end reasons.
const (
	EndLogout           EndReason = "logout"
	EndLogoutEverywhere EndReason = "logout_everywhere"
	EndRevokedByUser    EndReason = "revoked_by_user"
	EndRevokedByAdmin   EndReason = "revoked_by_admin"
	EndRefreshExpired   EndReason = "refresh_expired"
	EndRefreshRefused   EndReason = "refresh_refused"
	EndAbsoluteTimeout  EndReason = "absolute_timeout"
	EndReuseDetected    EndReason = "reuse_detected"
	EndPasswordChanged  EndReason = "password_changed"
	EndUserDeactivated  EndReason = "user_deactivated"
	EndDeviceNotBound   EndReason = "device_not_bound" // not tied to its device, which this app requires
)

func (r *Record) ended() bool { return !r.EndedAt.IsZero() }

// next returns a copy with the next version, to be changed and swapped in.
func (r *Record) next() *Record {
	n := *r
	n.Version++
	return &n
}

// tombstone returns what remains of an ended session: enough to refuse its cookies, to say why, and
// to revoke its refresh token.
func (r *Record) tombstone(now time.Time, reason EndReason) *Record {
	return &Record{
		ID: r.ID, Version: r.Version + 1, App: r.App, User: User{ID: r.User.ID},
		RefreshTokenID: r.RefreshTokenID, Generation: r.Generation,
		CreatedAt: r.CreatedAt, LastSeenAt: r.LastSeenAt, Deadline: r.Deadline,
		EndedAt: now, EndReason: reason,
		Unrevoked: r.RefreshTokenID != "",
		extra:     r.extra, // for the version of the program that added it
	}
}

// state is what the rules know of the session.
func (r *Record) state() rotation.State {
	return rotation.State{
		Generation: r.Generation, Forked: r.Forked, Rebuilt: r.Rebuilt, Ended: r.ended(),
		ConfirmedAt: r.ConfirmedAt, Settled: rotation.Digest(r.Settled), Predecessor: rotation.Digest(r.Predecessor),
		RefreshedAt: r.RefreshedAt, TokenExpiresAt: r.TokenExpiresAt,
		LastSeenAt: r.LastSeenAt, ExpiresAt: r.ExpiresAt, RefreshExpiresAt: r.RefreshExpiresAt, Deadline: r.Deadline,
		Registered: r.Binding != nil, BoundAt: r.Binding.boundAt(),
	}
}

// after returns a copy to swap in, with the state after a transition.
func (r *Record) after(s rotation.State) *Record {
	n := r.next()
	n.Generation, n.Forked, n.Rebuilt = s.Generation, s.Forked, s.Rebuilt
	n.ConfirmedAt, n.Settled, n.Predecessor = s.ConfirmedAt, Digest(s.Settled), Digest(s.Predecessor)
	n.RefreshedAt, n.TokenExpiresAt = s.RefreshedAt, s.TokenExpiresAt
	n.LastSeenAt, n.ExpiresAt, n.RefreshExpiresAt, n.Deadline = s.LastSeenAt, s.ExpiresAt, s.RefreshExpiresAt, s.Deadline
	n.Binding = r.Binding.at(s.BoundAt)
	return n
}

// A cachedRecord is a live record in memory. It is for serving only, and for no other decision: it
// has no refresh token and no device.
type cachedRecord struct {
	Record
	token    openedToken
	verified atomic.Pointer[cookie.Verified]      // the cookie last verified for this session
	proven   atomic.Pointer[cookie.VerifiedBound] // the bound cookie last verified for it
}

// A shrinker makes the records in the cache small.
type shrinker struct {
	app   string
	lists sharedLists
}

// shrink makes a record take as little memory as it can: without what serving does not need, and in
// few pieces, for the garbage collector looks at each.
func (s *shrinker) shrink(kept *Record) {
	kept.RefreshToken, kept.RefreshTokenID, kept.Claim, kept.Device, kept.extra = nil, "", Claim{}, Device{}, nil
	if kept.App == s.app {
		kept.App = s.app // one copy for all
	}
	u := &kept.User
	texts := []*string{&u.ID, &u.Email, &u.Username, &u.FirstName, &u.LastName, &u.FullName, &u.ImageURL, &u.PreferredLanguage, &u.Timezone}
	join(texts)
	u.Roles, kept.AuthMethods = s.lists.shared(u.Roles), s.lists.shared(kept.AuthMethods)
}

// sharedLists are lists of texts that many sessions have in common: users have few different lists
// of roles.
type sharedLists struct {
	mu    sync.Mutex
	lists map[string][]string
}

// maxSharedLists bounds them. Lists beyond that are copied.
const maxSharedLists = 1000

// shared returns a list that is equal.
func (s *sharedLists) shared(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	var key []byte
	for _, text := range list {
		key = packed.AppendString(key, text)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.lists[string(key)]; ok {
		return known
	}
	own := make([]string, len(list))
	for i, text := range list {
		own[i] = strings.Clone(text)
	}
	if len(s.lists) < maxSharedLists {
		if s.lists == nil {
			s.lists = make(map[string][]string)
		}
		s.lists[string(key)] = own
	}
	return own
}

// join moves strings into one piece of memory.
func join(texts []*string) {
	var b strings.Builder
	for _, t := range texts {
		b.WriteString(*t)
	}
	all := strings.Clone(b.String()) // without what the builder has too much
	for _, t := range texts {
		*t, all = all[:len(*t)], all[len(*t):]
	}
}
