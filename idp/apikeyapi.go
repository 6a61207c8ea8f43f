package idp

import (
	"cmp"
	"crypto/subtle"
	"database/sql"
	"fmt"
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

type apiKeyBody struct {
	APIKey      apiKeyJSON `json:"apiKey"`
	SourceKeyID string     `json:"sourceKeyId,omitempty"`
}

// apiKeyOfPath returns the key that the path names. A key that may do what the caller's may not is
// out of its reach.
func apiKeyOfPath(q database.Queries, r *http.Request, by storedKey) (storedKey, error) {
	id, err := fusion.ParseID("keyId", r.PathValue("keyId"))
	if err != nil {
		return storedKey{}, err
	}
	k, err := readAPIKey(r.Context(), q, "id = $1", id)
	if err != nil {
		return storedKey{}, err
	}
	if !scope(by.TenantID).covers(k.TenantID) {
		return storedKey{}, ErrNotFound
	}
	if !by.covers(k) {
		return storedKey{}, errUnauthorized
	}
	return k, nil
}

// getAPIKey answers GET /api/api-key/{keyId}.
func (s *Server) getAPIKey(w http.ResponseWriter, r *http.Request, by storedKey) error {
	k, err := apiKeyOfPath(s.db, r, by)
	if err != nil {
		return err
	}
	return fusion.Reply(w, http.StatusOK, apiKeyBody{APIKey: k.json()})
}

// createAPIKey answers POST /api/api-key[/{keyId}]. The answer shows the key, once.
func (s *Server) createAPIKey(w http.ResponseWriter, r *http.Request, by storedKey) error {
	var body apiKeyBody
	if err := fusion.Decode(w, r, &body); err != nil {
		return err
	}
	if body.SourceKeyID != "" {
		return fusion.Invalid("sourceKeyId", "notSupported", "Say what the key may do.")
	}
	k, err := s.grantable(r, by, body.APIKey)
	if err != nil {
		return err
	}
	if k.ID, err = newID("apiKey.id", cmp.Or(r.PathValue("keyId"), body.APIKey.ID)); err != nil {
		return err
	}
	key := cmp.Or(body.APIKey.Key, freshSecret())
	if len(key) < minAPIKey {
		return fusion.Invalid("apiKey.key", "tooShort", fmt.Sprintf("An API key has at least %d characters.", minAPIKey))
	}
	k.digest, k.Inserted, k.Updated = s.secrets.apiKeyDigest(key), database.Millis(s.now()), database.Millis(s.now())
	if err := s.db.Write(r.Context(), k.insert); err != nil {
		return err
	}
	s.log.InfoContext(r.Context(), "API key created", "key", k.ID, "by", by.ID)
	created := k.json()
	created.Key = key
	return fusion.Reply(w, http.StatusOK, apiKeyBody{APIKey: created})
}

// grantable returns the key that a request describes, if the caller's key may do all that it may. A
// caller that is confined to a tenant creates keys for that tenant.
func (s *Server) grantable(r *http.Request, by storedKey, j apiKeyJSON) (storedKey, error) {
	j.TenantID = cmp.Or(j.TenantID, by.TenantID)
	k, err := j.stored(r.Context(), s.db)
	if err != nil {
		return storedKey{}, err
	}
	if !by.covers(k) {
		return storedKey{}, fusion.Invalid("apiKey.permissions.endpoints", "invalid",
			"A key cannot let another do what it may not itself: other endpoints, in another tenant, or for longer.")
	}
	return k, nil
}

// changeAPIKey answers PUT and PATCH /api/api-key/{keyId}. The key itself stays.
func (s *Server) changeAPIKey(w http.ResponseWriter, r *http.Request, by storedKey) error {
	change, err := readChange(w, r, "apiKey")
	if err != nil {
		return err
	}
	k, err := untilCurrent(func() (storedKey, error) { return s.changedAPIKey(r, by, change) })
	if err != nil {
		return err
	}
	s.log.InfoContext(r.Context(), "API key changed", "key", k.ID, "by", by.ID)
	return fusion.Reply(w, http.StatusOK, apiKeyBody{APIKey: k.json()})
}

// changedAPIKey changes the key as it is now, or returns errOvertaken.
func (s *Server) changedAPIKey(r *http.Request, by storedKey, change change) (storedKey, error) {
	old, err := apiKeyOfPath(s.db, r, by)
	if err != nil {
		return storedKey{}, err
	}
	var body apiKeyBody
	if err := change(old.json(), &body); err != nil {
		return storedKey{}, err
	}
	if key := body.APIKey.Key; key != "" && subtle.ConstantTimeCompare(s.secrets.apiKeyDigest(key), old.digest) != 1 {
		return storedKey{}, fusion.Invalid("apiKey.key", "invalid", "A key cannot become another: make a new one.")
	}
	k, err := s.grantable(r, by, body.APIKey)
	if err != nil {
		return storedKey{}, err
	}
	k.ID, k.Inserted, k.Updated = old.ID, old.Inserted, max(database.Millis(s.now()), old.Updated+1)
	return k, s.db.Write(r.Context(), func(tx *sql.Tx) error { return overtaken(k.replace(tx, old)) })
}

// deleteAPIKey answers DELETE /api/api-key/{keyId}.
func (s *Server) deleteAPIKey(_ http.ResponseWriter, r *http.Request, by storedKey) error {
	k, err := apiKeyOfPath(s.db, r, by)
	if err != nil {
		return err
	}
	if err := s.DeleteAPIKey(r.Context(), k.ID); err != nil {
		return err
	}
	s.log.InfoContext(r.Context(), "API key deleted", "key", k.ID, "by", by.ID)
	return nil
}
