package latchkey

import (
	"slices"
	"strings"
)

// compact returns a copy that takes as little memory as it can, in few pieces, for the garbage collector looks at each: without what serving does not need, and with its strings in one.
func (c *cache) compact(rec *Record) *Record {
	kept := *rec
	kept.RefreshToken, kept.RefreshTokenID, kept.Claim, kept.Device = nil, "", Claim{}, Device{}
	if kept.App == c.app {
		kept.App = c.app // the same bytes for all
	}
	u := &kept.User
	texts := []*string{&u.ID, &u.Email, &u.Username, &u.FirstName, &u.LastName, &u.FullName, &u.ImageURL, &u.PreferredLanguage, &u.Timezone}
	u.Roles = slices.Clone(u.Roles)
	for i := range u.Roles {
		texts = append(texts, &u.Roles[i])
	}
	join(texts)
	return &kept
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
