package idp

import (
	"context"
	"fmt"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/webauthn"
)

// passkey is one that a user has registered.
type passkey struct {
	ID             string `json:"id"`
	CredentialID   string `json:"credentialId"`
	DisplayName    string `json:"displayName"`
	InsertInstant  int64  `json:"insertInstant"`
	LastUseInstant int64  `json:"lastUseInstant,omitzero"`
	RelyingPartyID string `json:"relyingPartyId"`
	SignCount      uint32 `json:"signCount"`
	TenantID       string `json:"tenantId"`
	UserAgent      string `json:"userAgent,omitempty"`
	UserID         string `json:"userId"`

	credential webauthn.Credential
}

const selectPasskey = `SELECT id, credential_id, display_name, insert_instant, last_use_instant, relying_party_id, tenant_id, user_agent, user_id, credential
	FROM passkeys WHERE `

// readPasskeys returns the passkeys that a constant condition selects, oldest first.
func readPasskeys(ctx context.Context, q database.Queries, where string, args ...any) ([]passkey, error) {
	rows, err := q.QueryContext(ctx, selectPasskey+where+` ORDER BY insert_instant, id`, args...)
	if err != nil {
		return nil, fmt.Errorf("read passkeys: %w", err)
	}
	defer rows.Close()
	all := []passkey{}
	for rows.Next() {
		var p passkey
		var credential []byte
		err := rows.Scan(&p.ID, &p.CredentialID, &p.DisplayName, &p.InsertInstant, &p.LastUseInstant, &p.RelyingPartyID, &p.TenantID, &p.UserAgent, &p.UserID, &credential)
		if err != nil {
			return nil, fmt.Errorf("read passkey: %w", err)
		}
		if p.credential, err = webauthn.ParseCredential(credential); err != nil {
			return nil, fmt.Errorf("read passkey: %w", err)
		}
		p.SignCount = p.credential.SignCount()
		all = append(all, p)
	}
	return all, rows.Err()
}

func credentialIDs(passkeys []passkey) (ids []string) {
	for _, p := range passkeys {
		ids = append(ids, p.CredentialID)
	}
	return ids
}

// authenticatorUser is the user as authenticators know them.
func (u *User) authenticatorUser() webauthn.User {
	known := webauthn.User{Name: u.Email}
	if known.Name == "" {
		known.Name = u.Username
	}
	if u.ID != "" {
		known.Handle = uuidBytes(u.ID)
	}
	return known
}
