package idp

import (
	"database/sql"
	"net/http"

	"github.com/go-jose/go-jose/v4"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// keyJSON is a key as FusionAuth writes it. What signs is never shown.
type keyJSON struct {
	ID                string                  `json:"id,omitempty"`
	KID               string                  `json:"kid,omitempty"`
	Name              string                  `json:"name,omitempty"`
	Algorithm         jose.SignatureAlgorithm `json:"algorithm,omitempty"`
	Type              string                  `json:"type,omitempty"`
	Length            int                     `json:"length,omitzero"` // bits
	PublicKey         string                  `json:"publicKey,omitempty"`
	PrivateKey        string                  `json:"privateKey,omitempty"` // only read
	Secret            string                  `json:"secret,omitempty"`     // only read
	Certificate       string                  `json:"certificate,omitempty"`
	HasPrivateKey     bool                    `json:"hasPrivateKey"`
	InsertInstant     int64                   `json:"insertInstant,omitzero"`
	LastUpdateInstant int64                   `json:"lastUpdateInstant,omitzero"`
}

type keyBody struct {
	Key keyJSON `json:"key"`
}

func (k namedKey) json() (keyJSON, error) {
	public, err := k.publicPEM()
	return keyJSON{
		ID: k.keyID, KID: k.kid, Name: k.name, Algorithm: k.algorithm, Type: keyType(k.algorithm), Length: k.size(), PublicKey: public,
		HasPrivateKey: k.public() != nil, InsertInstant: database.Millis(k.made), LastUpdateInstant: k.updated,
	}, err
}

// forAllTenants is keyed by /api/key for keys that are not confined to a tenant: signing keys belong
// to all tenants.
func (s *Server) forAllTenants(handle func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return s.keyed("/api/key", func(w http.ResponseWriter, r *http.Request, sc scope) error {
		if sc != "" {
			return errUnauthorized
		}
		return handle(w, r)
	})
}

func replyKey(w http.ResponseWriter, k namedKey) error {
	j, err := k.json()
	if err != nil {
		return err
	}
	return fusion.Reply(w, http.StatusOK, keyBody{j})
}

// keyOfRequest returns the key that the path names.
func (s *Server) keyOfRequest(r *http.Request) (namedKey, error) {
	id, err := fusion.ParseID("keyId", r.PathValue("keyId"))
	if err != nil {
		return namedKey{}, err
	}
	return s.namedKey(r.Context(), id)
}

// getKey answers GET /api/key/{keyId}.
func (s *Server) getKey(w http.ResponseWriter, r *http.Request) error {
	k, err := s.keyOfRequest(r)
	if err != nil {
		return err
	}
	return replyKey(w, k)
}

// listKeys answers GET /api/key. The provider's own keys are not listed: they have no names, and
// rotate.
func (s *Server) listKeys(w http.ResponseWriter, r *http.Request) error {
	all, err := s.namedKeysWhere(r.Context(), "")
	if err != nil {
		return err
	}
	list := []keyJSON{}
	for _, k := range all {
		j, err := k.json()
		if err != nil {
			return err
		}
		list = append(list, j)
	}
	return fusion.Reply(w, http.StatusOK, struct {
		Keys []keyJSON `json:"keys"`
	}{list})
}

// putKey answers PUT /api/key/{keyId}: another name.
func (s *Server) putKey(w http.ResponseWriter, r *http.Request) error {
	k, err := s.keyOfRequest(r)
	if err != nil {
		return err
	}
	var body keyBody
	if err := fusion.Decode(w, r, &body); err != nil {
		return err
	}
	if kind := checkKeyName(body.Key.Name); kind != "" {
		return fusion.Invalid("key.name", kind, "A key has a name, of 1 to 191 characters.")
	}
	k.name, k.updated = body.Key.Name, database.Millis(s.now())
	if err := s.db.Write(r.Context(), k.rename); err != nil {
		return err
	}
	return replyKey(w, k)
}

// rename stores the key's name and the time of the change.
func (k namedKey) rename(tx *sql.Tx) error {
	var taken bool
	if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM keys WHERE name = $1 AND id <> $2)`, k.name, k.keyID).Scan(&taken); err != nil {
		return err
	}
	if taken {
		return fusion.Invalid("key.name", "duplicate", "This one is taken.")
	}
	return database.Changed(tx.Exec(`UPDATE keys SET name = $1, last_update_instant = $2 WHERE id = $3`, k.name, k.updated, k.keyID))
}

// deleteKey answers DELETE /api/key/{keyId}. Tokens signed with it are refused from then on.
func (s *Server) deleteKey(_ http.ResponseWriter, r *http.Request) error {
	k, err := s.keyOfRequest(r)
	if err != nil {
		return err
	}
	if err := s.db.Write(r.Context(), k.delete); err != nil {
		return err
	}
	s.log.InfoContext(r.Context(), "key deleted", "key", k.keyID, "kid", k.kid)
	return s.refreshKeys(r.Context(), s.now())
}

// delete removes a key that no application signs with.
func (k namedKey) delete(tx *sql.Tx) error {
	var used bool
	if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM applications WHERE access_token_key_id = $1)`, k.keyID).Scan(&used); err != nil {
		return err
	}
	if used {
		return fusion.Invalid("keyId", "inUse", "An application signs with this key: give it another first.")
	}
	// Otherwise the next key of this id would inherit the grace period.
	if _, err := tx.Exec(`DELETE FROM former_keys WHERE key_id = $1`, k.keyID); err != nil {
		return err
	}
	return database.Changed(tx.Exec(`DELETE FROM keys WHERE id = $1`, k.keyID))
}

// signingKeyRoutes are for the keys that sign.
func (s *Server) signingKeyRoutes() map[string]methods {
	const key = "/api/key"
	generate, take := s.forAllTenants(s.generateKey), s.forAllTenants(s.importKey)
	return map[string]methods{
		key:                       {"GET": s.forAllTenants(s.listKeys)},
		key + "/generate":         {"POST": generate},
		key + "/generate/{keyId}": {"POST": generate},
		key + "/import":           {"POST": take},
		key + "/import/{keyId}":   {"POST": take},
		key + "/{keyId}": {
			"GET": s.forAllTenants(s.getKey), "PUT": s.forAllTenants(s.putKey), "DELETE": s.forAllTenants(s.deleteKey),
		},
	}
}
