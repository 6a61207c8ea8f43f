package idp

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// apiKeyJSON is an API key as FusionAuth writes it. The key itself is present when it is created
// and never again.
type apiKeyJSON struct {
	ID                    string `json:"id,omitempty"`
	Key                   string `json:"key,omitempty"`
	Name                  string `json:"name,omitempty"`
	TenantID              string `json:"tenantId,omitempty"`
	ExpirationInstant     int64  `json:"expirationInstant,omitzero"`
	IPAccessControlListID string `json:"ipAccessControlListId,omitempty"` // there are none
	InsertInstant         int64  `json:"insertInstant,omitzero"`
	LastUpdateInstant     int64  `json:"lastUpdateInstant,omitzero"`
	KeyManager            bool   `json:"keyManager"` // only shown: whether it may create keys
	Retrievable           bool   `json:"retrievable"`
	MetaData              struct {
		Attributes struct {
			Description string `json:"description,omitempty"`
		} `json:"attributes"`
	} `json:"metaData"`
	Permissions struct {
		Endpoints map[string][]string `json:"endpoints"`
	} `json:"permissions"`
}

func (k storedKey) json() apiKeyJSON {
	j := apiKeyJSON{
		ID: k.ID, Name: k.Name, TenantID: k.TenantID, ExpirationInstant: k.Expiry, InsertInstant: k.Inserted, LastUpdateInstant: k.Updated,
		KeyManager: k.may("/api/api-key", "POST"),
	}
	j.MetaData.Attributes.Description = k.Description
	j.Permissions.Endpoints = k.Endpoints
	return j
}

// stored returns the key that a request describes: what it may do, not yet its id and digest.
func (j apiKeyJSON) stored(ctx context.Context, q database.Queries) (storedKey, error) {
	k := storedKey{Name: j.Name, Description: j.MetaData.Attributes.Description, Endpoints: j.Permissions.Endpoints, Expiry: j.ExpirationInstant}
	if err := k.check(j.IPAccessControlListID); err != nil {
		return k, err
	}
	for endpoint, methods := range k.Endpoints {
		slices.Sort(methods)
		k.Endpoints[endpoint] = slices.Compact(methods) // a PATCH appends
	}
	tenantID, err := fusion.ParseID("apiKey.tenantId", j.TenantID)
	if err != nil || tenantID == "" {
		return k, err
	}
	k.TenantID, err = tenantOrDefault(ctx, q, "apiKey.tenantId", tenantID)
	return k, err
}

func (k storedKey) check(accessControlListID string) error {
	if accessControlListID != "" {
		return fusion.Invalid("apiKey.ipAccessControlListId", "notSupported", "There are no lists of addresses.")
	}
	if k.Expiry < 0 {
		return fusion.Invalid("apiKey.expirationInstant", "invalid", "This is no instant.")
	}
	if strings.ContainsRune(k.Name+k.Description, 0) || len(k.Name) > maxRoleName || len(k.Description) > maxRoleDescription {
		return fusion.Invalid("apiKey.name", "invalid",
			fmt.Sprintf("The name has at most %d bytes, the description %d.", maxRoleName, maxRoleDescription))
	}
	for endpoint, methods := range k.Endpoints {
		for _, m := range methods {
			if !strings.HasPrefix(endpoint, "/") || !slices.Contains([]string{"GET", "POST", "PUT", "PATCH", "DELETE"}, m) {
				return fusion.Invalid("apiKey.permissions.endpoints", "invalid",
					"An endpoint is a path, and its methods are GET, POST, PUT, PATCH and DELETE.")
			}
		}
	}
	return nil
}
