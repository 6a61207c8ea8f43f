package latchkey

import (
	"strings"
	"sync"
	"sync/atomic"

	"github.com/latchkey-dev/latchkey/internal/cookie"
	"github.com/latchkey-dev/latchkey/internal/packed"
)

// A cachedRecord is a live record in memory. It is for serving only, and for no other decision: it
// has no refresh token and no device.
type cachedRecord struct {
	Record
	token    openedToken
	verified atomic.Pointer[cookie.Verified] // the cookie last verified for this session
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
