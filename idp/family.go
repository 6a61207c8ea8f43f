package idp

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/refreshtoken"
)

// family is a refresh token as FusionAuth sees it: what follows from one login
// of one user in one application. Its id stays, its value changes.
type family struct {
	id, tenantID, applicationID, userID string

	used    uint32 // the highest counter that was presented
	scopes  []string
	device  device
	began   time.Time // the login
	last    time.Time // the latest refresh, or the login
	revoked time.Time // zero: not
}

// device is what the application tells us about where a login comes from.
type device struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Type        string `json:"type"`

	address string
}

// maxDeviceText is how much of each text is kept, in code points.
const maxDeviceText = 255

func newFamily(u *User, app application, d device, now time.Time) family {
	d.Name, d.Description, d.Type = shortened(d.Name), shortened(d.Description), shortened(d.Type)
	return family{
		id: uuid.NewString(), tenantID: u.TenantID, applicationID: app.ID, userID: u.ID,
		scopes: []string{}, device: d, began: now, last: now,
	}
}

// shortened is what is kept of a text. PostgreSQL keeps no NUL.
func shortened(text string) string {
	text = strings.ReplaceAll(text, "\x00", "")
	if utf8.RuneCountInString(text) <= maxDeviceText {
		return text
	}
	return string([]rune(text)[:maxDeviceText])
}

// value is the refresh token of this family with the given counter.
func (s *Server) value(f family, counter uint32) string {
	return s.secrets.refresh.Value(refreshtoken.Token{Family: uuid.MustParse(f.id), Counter: counter})
}

// current is the counter of the token that the application should hold now.
func (f family) current(p UsagePolicy) uint32 {
	if p == OneTimeUse {
		return f.used + 1
	}
	return max(f.used, 1)
}

// deadline is the instant from which no token of the family is good any more.
// It follows the application's policy of today.
func (f family) deadline(a application) time.Time {
	switch a.ExpirationPolicy {
	case Fixed:
		return f.began.Add(a.RefreshTokenTTL)
	case SlidingWindow:
		return f.last.Add(a.RefreshTokenTTL)
	}
	sliding, maximum := f.last.Add(a.RefreshTokenTTL), f.began.Add(a.RefreshTokenMaxTTL)
	if sliding.Before(maximum) {
		return sliding
	}
	return maximum
}

func (f family) dead(a application, now time.Time) bool {
	return !f.revoked.IsZero() || !now.Before(f.deadline(a))
}
