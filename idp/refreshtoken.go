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

	scopes []string
	device device

	refreshtoken.Family
}

// device is what the application tells us about where a login comes from.
type device struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Type        string `json:"type"`

	address string
}

// maxDeviceText is how much of each text is stored, in code points.
const maxDeviceText = 255

func newFamily(u *User, app application, d device, now time.Time) *family {
	d.Name, d.Description, d.Type = shortened(d.Name), shortened(d.Description), shortened(d.Type)
	return &family{
		id: uuid.NewString(), tenantID: u.TenantID, applicationID: app.ID, userID: u.ID,
		scopes: []string{}, device: d, Family: refreshtoken.Family{Began: now, Last: now},
	}
}

// shortened returns the part of a text that is stored. PostgreSQL cannot store a NUL.
func shortened(text string) string {
	text = strings.ReplaceAll(text, "\x00", "")
	if utf8.RuneCountInString(text) <= maxDeviceText {
		return text
	}
	return string([]rune(text)[:maxDeviceText])
}

// refreshToken is the refresh token of a family with the given counter.
func (s *secrets) refreshToken(f family, counter uint32) string {
	return s.refresh.Value(refreshtoken.Token{Family: uuid.MustParse(f.id), Counter: counter})
}

// tokenPolicy is what the application says about its refresh tokens.
func (a Application) tokenPolicy() refreshtoken.Policy {
	p := refreshtoken.Policy{Reusable: a.UsagePolicy != OneTimeUse}
	switch a.ExpirationPolicy {
	case Fixed:
		p.Lifetime = a.RefreshTokenTTL
	case SlidingWindow:
		p.Idle = a.RefreshTokenTTL
	default:
		p.Idle, p.Lifetime = a.RefreshTokenTTL, a.RefreshTokenMaxTTL
	}
	return p
}
