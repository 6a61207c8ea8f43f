package idp

import (
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

type apiKeyBody struct {
	APIKey      apiKeyJSON `json:"apiKey"`
	SourceKeyID string     `json:"sourceKeyId,omitempty"`
}

// byKey is keyed for handlers that must know what the caller's key may do.
func (s *Server) byKey(endpoint string, next func(http.ResponseWriter, *http.Request, storedKey) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		k, err := s.authorizedKey(r, endpoint)
		var answer any
		if err == nil {
			answer, err = next(w, r, k)
		}
		switch {
		case err != nil:
			s.fail(w, r, err)
		case answer != nil:
			fusion.Reply(w, http.StatusOK, answer)
		}
	}
}

// keyOfPath returns the key that the path names. One that may do what the caller's may not is out of its reach.
func apiKeyOfPath(q database.Queries, r *http.Request, by storedKey) (storedKey, error) {
	id, err := fusion.ParseID("keyId", r.PathValue("keyId"))
	if err != nil {
		return storedKey{}, err
	}
	k, err := readAPIKey(r.Context(), q, "id = $1", id)
	switch {
	case err == nil && !scope(by.TenantID).covers(k.TenantID):
		err = ErrNotFound
	case err == nil && !by.covers(k):
		err = errUnauthorized
	}
	return k, err
}

// getAPIKey answers GET /api/api-key/{keyId}.
func (s *Server) getAPIKey(_ http.ResponseWriter, r *http.Request, by storedKey) (any, error) {
	k, err := apiKeyOfPath(s.db, r, by)
	return apiKeyBody{APIKey: k.json()}, err
}

// createAPIKey answers POST /api/api-key[/{keyId}]. The answer shows the key, once.
func (s *Server) createAPIKey(w http.ResponseWriter, r *http.Request, by storedKey) (any, error) {
	var body apiKeyBody
	if err := fusion.Decode(w, r, &body); err != nil {
		return nil, err
	}
	if body.SourceKeyID != "" {
		return nil, fusion.Invalid("sourceKeyId", "notSupported", "Say what the key may do.")
	}
	k, err := s.grantable(r, by, body.APIKey)
	if err != nil {
		return nil, err
	}
	if id := r.PathValue("keyId"); id != "" {
		body.APIKey.ID = id
	}
	if k.ID, err = fusion.ParseID("apiKey.id", body.APIKey.ID); err != nil {
		return nil, err
	}
	if k.ID == "" {
		k.ID = uuid.NewString()
	}
	key := body.APIKey.Key
	if key == "" {
		key = freshSecret()
	}
	if len(key) < minAPIKey {
		return nil, fusion.Invalid("apiKey.key", "tooShort", fmt.Sprintf("An API key has at least %d characters.", minAPIKey))
	}
	k.digest, k.Inserted, k.Updated = s.secrets.apiKeyDigest(key), database.Millis(s.now()), database.Millis(s.now())
	if err := s.db.Write(r.Context(), k.insert); err != nil {
		return nil, err
	}
	s.log.InfoContext(r.Context(), "API key made", "key", k.ID, "by", by.ID)
	made := k.json()
	made.Key = key
	return apiKeyBody{APIKey: made}, nil
}

// grantable returns the key that a request describes, if the caller's may do all that it may. A caller that is confined to a tenant makes keys of that tenant.
func (s *Server) grantable(r *http.Request, by storedKey, j apiKeyJSON) (storedKey, error) {
	if j.TenantID == "" {
		j.TenantID = by.TenantID
	}
	k, err := s.stored(r.Context(), j)
	if err == nil && !by.covers(k) {
		err = fusion.Invalid("apiKey.permissions.endpoints", "invalid", "A key cannot let another do what it may not itself: other endpoints, in another tenant, or for longer.")
	}
	return k, err
}

// changeAPIKey answers PUT and PATCH /api/api-key/{keyId}. The key itself stays.
func (s *Server) changeAPIKey(w http.ResponseWriter, r *http.Request, by storedKey) (any, error) {
	change, err := readChange(w, r, "apiKey")
	if err != nil {
		return nil, err
	}
	for {
		k, err := s.changedAPIKey(r, by, change)
		if !errors.Is(err, errOvertaken) {
			return apiKeyBody{APIKey: k.json()}, err
		}
	}
}

// changedAPIKey changes the key as it is just now, or answers errOvertaken.
func (s *Server) changedAPIKey(r *http.Request, by storedKey, change change) (none storedKey, err error) {
	old, err := apiKeyOfPath(s.db, r, by)
	if err != nil {
		return none, err
	}
	var body apiKeyBody
	if err := change(old.json(), &body); err != nil {
		return none, err
	}
	if key := body.APIKey.Key; key != "" && subtle.ConstantTimeCompare(s.secrets.apiKeyDigest(key), old.digest) != 1 {
		return none, fusion.Invalid("apiKey.key", "invalid", "A key cannot become another: make a new one.")
	}
	k, err := s.grantable(r, by, body.APIKey)
	if err != nil {
		return none, err
	}
	k.ID, k.Inserted, k.Updated = old.ID, old.Inserted, max(database.Millis(s.now()), old.Updated+1)
	if err := s.db.Write(r.Context(), func(tx *sql.Tx) error { return overtaken(k.replace(tx, old)) }); err != nil {
		return none, err
	}
	s.log.InfoContext(r.Context(), "API key changed", "key", k.ID, "by", by.ID)
	return k, nil
}

// deleteAPIKey answers DELETE /api/api-key/{keyId}.
func (s *Server) deleteAPIKey(_ http.ResponseWriter, r *http.Request, by storedKey) (any, error) {
	k, err := apiKeyOfPath(s.db, r, by)
	if err == nil {
		err = s.DeleteAPIKey(r.Context(), k.ID)
	}
	if err == nil {
		s.log.InfoContext(r.Context(), "API key deleted", "key", k.ID, "by", by.ID)
	}
	return nil, err
}
