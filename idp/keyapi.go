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

// keyed by /api/key, and only with a key for all tenants: signing keys are of all.
func (s *Server) forKeys(next func(http.ResponseWriter, *http.Request) (namedKey, error)) http.HandlerFunc {
	return s.keyed("/api/key", func(w http.ResponseWriter, r *http.Request, sc scope) {
		if sc != "" {
			s.fail(w, r, errUnauthorized)
			return
		}
		k, err := next(w, r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		j, err := k.json()
		if err != nil {
			s.fail(w, r, err)
			return
		}
		fusion.Reply(w, http.StatusOK, keyBody{j})
	})
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
func (s *Server) getKey(_ http.ResponseWriter, r *http.Request) (namedKey, error) {
	return s.keyOfRequest(r)
}

// listKeys answers GET /api/key. The provider's own are not in it: they have no names, and come and go by themselves.
func (s *Server) listKeys(w http.ResponseWriter, r *http.Request, sc scope) {
	if sc != "" {
		s.fail(w, r, errUnauthorized)
		return
	}
	all, err := s.namedKeysWhere(r.Context(), "")
	list := []keyJSON{}
	for i := 0; err == nil && i < len(all); i++ {
		var j keyJSON
		j, err = all[i].json()
		list = append(list, j)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	fusion.Reply(w, http.StatusOK, struct {
		Keys []keyJSON `json:"keys"`
	}{list})
}

// putKey answers PUT /api/key/{keyId}: another name.
func (s *Server) putKey(w http.ResponseWriter, r *http.Request) (namedKey, error) {
	k, err := s.keyOfRequest(r)
	var body keyBody
	if err == nil {
		err = fusion.Decode(w, r, &body)
	}
	if kind := checkKeyName(body.Key.Name); err == nil && kind != "" {
		err = fusion.Invalid("key.name", kind, "A key has a name, of 1 to 191 characters.")
	}
	if err != nil {
		return k, err
	}
	k.name, k.updated = body.Key.Name, database.Millis(s.now())
	return k, s.db.Write(r.Context(), func(tx *sql.Tx) error {
		var taken bool
		if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM keys WHERE name = $1 AND id <> $2)`, k.name, k.keyID).Scan(&taken); err != nil {
			return err
		}
		if taken {
			return fusion.Invalid("key.name", "duplicate", "This one is taken.")
		}
		return database.Changed(tx.Exec(`UPDATE keys SET name = $1, last_update_instant = $2 WHERE id = $3`, k.name, k.updated, k.keyID))
	})
}

// deleteKey answers DELETE /api/key/{keyId}. Tokens that it has signed are worthless from then on.
func (s *Server) deleteKey(w http.ResponseWriter, r *http.Request, sc scope) {
	err := errUnauthorized
	if sc == "" {
		err = s.removeKey(r)
	}
	if err != nil {
		s.fail(w, r, err)
	}
}

func (s *Server) removeKey(r *http.Request) error {
	k, err := s.keyOfRequest(r)
	if err != nil {
		return err
	}
	err = s.db.Write(r.Context(), func(tx *sql.Tx) error {
		var used bool
		if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM applications WHERE access_token_key_id = $1)`, k.keyID).Scan(&used); err != nil {
			return err
		}
		if used {
			return fusion.Invalid("keyId", "inUse", "An application signs with this key: give it another first.")
		}
		if _, err := tx.Exec(`DELETE FROM former_keys WHERE key_id = $1`, k.keyID); err != nil { // else the next one of this id would have its grace
			return err
		}
		return database.Changed(tx.Exec(`DELETE FROM keys WHERE id = $1`, k.keyID))
	})
	if err != nil {
		return err
	}
	s.log.InfoContext(r.Context(), "key deleted", "key", k.keyID, "kid", k.kid)
	return s.refreshKeys(r.Context(), s.now())
}

// signingKeyRoutes are for the keys that sign.
func (s *Server) signingKeyRoutes() map[string]methods {
	const key = "/api/key"
	makeKey, takeKey := s.forKeys(s.generateKey), s.forKeys(s.importKey)
	return map[string]methods{
		key:                       {"GET": s.keyed(key, s.listKeys)},
		key + "/generate":         {"POST": makeKey},
		key + "/generate/{keyId}": {"POST": makeKey},
		key + "/import":           {"POST": takeKey},
		key + "/import/{keyId}":   {"POST": takeKey},
		key + "/{keyId}":          {"GET": s.forKeys(s.getKey), "PUT": s.forKeys(s.putKey), "DELETE": s.keyed(key, s.deleteKey)},
	}
}
