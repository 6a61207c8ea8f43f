package fusionauth

import (
	"github.com/latchkey-dev/latchkey"
)

// user is the part of the API's user that we read. The rest, some of it secret, goes nowhere.
type user struct {
	ID                 string   `json:"id"`
	Email              string   `json:"email"`
	Verified           bool     `json:"verified"`
	Username           string   `json:"username"`
	FirstName          string   `json:"firstName"`
	LastName           string   `json:"lastName"`
	FullName           string   `json:"fullName"`
	ImageURL           string   `json:"imageUrl"`
	PreferredLanguages []string `json:"preferredLanguages"`
	Timezone           string   `json:"timezone"`
	Registrations      []struct {
		ApplicationID string   `json:"applicationId"`
		Roles         []string `json:"roles"`
	} `json:"registrations"`
}

func (u user) forApplication(id string, claims claims) latchkey.User {
	known := latchkey.User{
		ID: u.ID, Email: u.Email, EmailVerified: u.Verified, Username: u.Username,
		FirstName: u.FirstName, LastName: u.LastName, FullName: u.FullName,
		ImageURL: u.ImageURL, Timezone: u.Timezone, Roles: claims.Roles,
	}
	if len(u.PreferredLanguages) > 0 {
		known.PreferredLanguage = u.PreferredLanguages[0]
	}
	for _, r := range u.Registrations {
		if r.ApplicationID == id {
			known.Roles = r.Roles
		}
	}
	return known
}

// update updates a user from the claims of a refreshed token, which has no names.
func update(u latchkey.User, claims claims) latchkey.User {
	u.ID = claims.Subject
	u.Roles = claims.Roles
	if claims.Email != "" {
		u.Email, u.EmailVerified = claims.Email, claims.EmailVerified
	}
	if claims.PreferredUsername != "" {
		u.Username = claims.PreferredUsername
	}
	return u
}
