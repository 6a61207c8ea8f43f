package idp

import "github.com/latchkey-dev/latchkey/idp/internal/database"

// connectorID is FusionAuth's id for users whose passwords it keeps itself.
const connectorID = "e3306678-a53a-4964-9040-1c96f36dda72"

// userJSON is a User as FusionAuth writes it. Passwords are never part of it.
type userJSON struct {
	ID                        string               `json:"id"`
	TenantID                  string               `json:"tenantId"`
	ConnectorID               string               `json:"connectorId"`
	Email                     string               `json:"email,omitempty"`
	Username                  string               `json:"username,omitempty"`
	UniqueUsername            string               `json:"uniqueUsername,omitempty"`
	UsernameStatus            string               `json:"usernameStatus"`
	Active                    bool                 `json:"active"`
	Verified                  bool                 `json:"verified"`
	Expiry                    int64                `json:"expiry,omitzero"`
	PasswordChangeRequired    bool                 `json:"passwordChangeRequired"`
	PasswordChangeReason      PasswordChangeReason `json:"passwordChangeReason,omitempty"`
	PasswordLastUpdateInstant int64                `json:"passwordLastUpdateInstant"`
	InsertInstant             int64                `json:"insertInstant"`
	LastUpdateInstant         int64                `json:"lastUpdateInstant"`
	LastLoginInstant          int64                `json:"lastLoginInstant,omitzero"`
	Identities                []identityJSON       `json:"identities"`
	Memberships               []struct{}           `json:"memberships"` // groups: nobody is in any
	Registrations             []registrationJSON   `json:"registrations"`
	TwoFactor                 twoFactorJSON        `json:"twoFactor"`

	Profile
}

type identityJSON struct {
	Type              string `json:"type"`
	Value             string `json:"value"`
	DisplayValue      string `json:"displayValue,omitempty"`
	Primary           bool   `json:"primary"`
	Verified          bool   `json:"verified"`
	VerifiedReason    string `json:"verifiedReason"`
	InsertInstant     int64  `json:"insertInstant"`
	LastUpdateInstant int64  `json:"lastUpdateInstant"`
	LastLoginInstant  int64  `json:"lastLoginInstant,omitzero"`
}

type registrationJSON struct {
	ID                string   `json:"id"`
	ApplicationID     string   `json:"applicationId"`
	Roles             []string `json:"roles"`
	UsernameStatus    string   `json:"usernameStatus"`
	Verified          bool     `json:"verified"`
	InsertInstant     int64    `json:"insertInstant"`
	LastUpdateInstant int64    `json:"lastUpdateInstant"`
	LastLoginInstant  int64    `json:"lastLoginInstant,omitzero"`
}

func (u *User) json() userJSON {
	j := userJSON{
		ID: u.ID, TenantID: u.TenantID, ConnectorID: connectorID,
		Email: u.Email, Username: u.Username, UniqueUsername: u.Username, UsernameStatus: "ACTIVE",
		Active: u.Active, Verified: u.Verified, Expiry: database.Millis(u.Expiry),
		PasswordChangeRequired: u.PasswordChangeReason != "", PasswordChangeReason: u.PasswordChangeReason,
		PasswordLastUpdateInstant: database.Millis(u.PasswordLastUpdateInstant),
		InsertInstant:             database.Millis(u.InsertInstant), LastUpdateInstant: database.Millis(u.LastUpdateInstant), LastLoginInstant: database.Millis(u.LastLoginInstant),
		TwoFactor: twoFactorJSON{u.twoFactorMethods()}, Profile: u.Profile,
	}
	identity := identityJSON{
		Primary: true, InsertInstant: j.InsertInstant, LastUpdateInstant: j.LastUpdateInstant, LastLoginInstant: j.LastLoginInstant,
	}
	if u.Email != "" {
		identity.Type, identity.Value = loginIDEmail, u.Email
		identity.Verified, identity.VerifiedReason = u.Verified, "Pending"
		if u.Verified {
			identity.VerifiedReason = "Administrative"
		}
		j.Identities = append(j.Identities, identity)
	}
	if u.Username != "" {
		identity.Type, identity.Value, identity.DisplayValue = loginIDUsername, u.Username, u.Username
		identity.Verified, identity.VerifiedReason = false, "Unverifiable"
		j.Identities = append(j.Identities, identity)
	}
	for _, r := range u.Registrations {
		j.Registrations = append(j.Registrations, r.json())
	}
	return j
}

func (r Registration) json() registrationJSON {
	return registrationJSON{
		ID: r.ID, ApplicationID: r.ApplicationID, Roles: r.Roles, UsernameStatus: "ACTIVE", Verified: true,
		InsertInstant: database.Millis(r.InsertInstant), LastUpdateInstant: database.Millis(r.LastUpdateInstant), LastLoginInstant: database.Millis(r.LastLoginInstant),
	}
}
