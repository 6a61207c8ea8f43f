package idp

import (
	"database/sql"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
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
		HasPrivateKey: k.public() != nil, InsertInstant: millis(k.made), LastUpdateInstant: k.updated,
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
		reply(w, http.StatusOK, keyBody{j})
	})
}

// keyOfRequest returns the key that the path names.
func (s *Server) keyOfRequest(r *http.Request) (namedKey, error) {
	id, err := parseID("keyId", r.PathValue("keyId"))
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
	reply(w, http.StatusOK, struct {
		Keys []keyJSON `json:"keys"`
	}{list})
}

// newKey checks what generating and importing a key have in common.
func (s *Server) newKey(r *http.Request, j keyJSON) (k namedKey, err error) {
	var wrong ValidationError
	if id := r.PathValue("keyId"); id != "" {
		j.ID = id
	}
	if k.keyID, err = parseID("keyId", j.ID); err != nil {
		wrong = append(wrong, err.(ValidationError)...)
	}
	if k.keyID == "" {
		k.keyID = uuid.NewString()
	}
	if kind := checkKeyName(j.Name); kind != "" {
		wrong = append(wrong, FieldError{"key.name", kind, "A key has a name, of 1 to 191 characters."})
	}
	switch {
	case j.Algorithm == "":
		wrong = append(wrong, FieldError{"key.algorithm", "blank", "A key has an algorithm."})
	case !slices.Contains(algorithms, j.Algorithm):
		wrong = append(wrong, FieldError{"key.algorithm", "invalid", "The algorithms are ES256, RS256, EdDSA and HS256."})
	}
	k.name, k.algorithm, k.made = j.Name, j.Algorithm, s.now()
	k.updated = millis(k.made)
	return k, wrong.orNil()
}

func checkKeyName(name string) (kind string) {
	switch {
	case strings.TrimSpace(name) == "":
		return "blank"
	case !utf8.ValidString(name) || strings.ContainsRune(name, 0):
		return "invalid"
	case utf8.RuneCountInString(name) > 191:
		return "tooLong"
	}
	return ""
}

// generateKey answers POST /api/key/generate[/{keyId}].
func (s *Server) generateKey(w http.ResponseWriter, r *http.Request) (namedKey, error) {
	var body keyBody
	err := decode(w, r, &body)
	var k namedKey
	if err == nil {
		k, err = s.newKey(r, body.Key)
	}
	bits := body.Key.Length
	if bits == 0 {
		bits = minRSABits
	}
	if err == nil && k.algorithm == jose.RS256 && !slices.Contains([]int{minRSABits, 3072, maxRSABits}, bits) {
		err = invalid("key.length", "invalid", "An RSA key has 2048, 3072 or 4096 bits.")
	}
	if err != nil {
		return k, err
	}
	if k.private, err = generate(k.algorithm, bits); err != nil {
		return k, err
	}
	return k, s.storeNewKey(r, &k, "")
}

// importKey answers POST /api/key/import[/{keyId}].
func (s *Server) importKey(w http.ResponseWriter, r *http.Request) (namedKey, error) {
	var body keyBody
	err := decode(w, r, &body)
	var k namedKey
	if err == nil {
		k, err = s.newKey(r, body.Key)
	}
	if err == nil {
		k.private, err = imported(body.Key)
	}
	if kid := body.Key.KID; err == nil && (len(kid) > 191 || strings.Trim(kid, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~") != "") {
		err = invalid("key.kid", "invalid", "A kid has letters, digits and -._~, at most 191.")
	}
	if err != nil {
		return k, err
	}
	return k, s.storeNewKey(r, &k, body.Key.KID)
}

// imported is the key that a request brings.
func imported(j keyJSON) (any, error) {
	switch {
	case j.Certificate != "":
		return nil, invalid("key.certificate", "notSupported", "Bring the private key without a certificate.")
	case j.Algorithm == jose.HS256:
		secret, err := privateKey(j.Algorithm, []byte(j.Secret))
		if err != nil {
			return nil, invalid("key.secret", "invalid", "A secret of HS256 has 32 to 1024 bytes.")
		}
		return secret, nil
	case j.PrivateKey == "":
		return nil, invalid("key.privateKey", "blank", "Bring the private key in PEM: keys that only verify are not kept.")
	}
	private, err := parsePEM(j.PrivateKey)
	if err == nil {
		err = fits(j.Algorithm, private)
	}
	if err != nil {
		return nil, invalid("key.privateKey", "invalid", "This is no private key of that algorithm in PEM: P-256, RSA of 2048 to 4096 bits, or Ed25519, not encrypted.")
	}
	return private, nil
}

func (s *Server) storeNewKey(r *http.Request, k *namedKey, kid string) (err error) {
	if k.kid = kid; kid == "" {
		if k.kid, err = fingerprint(k.private); err != nil {
			return err
		}
	}
	if err := s.insertKey(r.Context(), *k); err != nil {
		return err
	}
	s.log.InfoContext(r.Context(), "key made", "key", k.keyID, "kid", k.kid, "algorithm", k.algorithm)
	return nil
}

// putKey answers PUT /api/key/{keyId}: another name.
func (s *Server) putKey(w http.ResponseWriter, r *http.Request) (namedKey, error) {
	k, err := s.keyOfRequest(r)
	var body keyBody
	if err == nil {
		err = decode(w, r, &body)
	}
	if kind := checkKeyName(body.Key.Name); err == nil && kind != "" {
		err = invalid("key.name", kind, "A key has a name, of 1 to 191 characters.")
	}
	if err != nil {
		return k, err
	}
	k.name, k.updated = body.Key.Name, millis(s.now())
	return k, s.db.Write(r.Context(), func(tx *sql.Tx) error {
		var taken bool
		if err := tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM keys WHERE name = $1 AND id <> $2)`, k.name, k.keyID).Scan(&taken); err != nil {
			return err
		}
		if taken {
			return invalid("key.name", "duplicate", "This one is taken.")
		}
		return changed(tx.Exec(`UPDATE keys SET name = $1, last_update_instant = $2 WHERE id = $3`, k.name, k.updated, k.keyID))
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
			return invalid("keyId", "inUse", "An application signs with this key: give it another first.")
		}
		return changed(tx.Exec(`DELETE FROM keys WHERE id = $1`, k.keyID))
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
