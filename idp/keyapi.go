package idp

import (
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/signing"
)

// forAllTenants is keyed by /api/key for keys that are not confined to a tenant: signing keys
// belong to all tenants.
func (s *Server) forAllTenants(handle func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return s.keyed("/api/key", func(w http.ResponseWriter, r *http.Request, sc scope) error {
		if sc != "" {
			return errUnauthorized
		}
		return handle(w, r)
	})
}

func replyKey(w http.ResponseWriter, k signing.NamedKey) error {
	j, err := newKeyJSON(k)
	if err != nil {
		return err
	}
	return fusion.Reply(w, http.StatusOK, keyBody{j})
}

// keyOfPath returns the key that the path names.
func keyOfPath(keys *signing.Ring, r *http.Request) (signing.NamedKey, error) {
	id, err := fusion.ParseID("keyId", r.PathValue("keyId"))
	if err != nil {
		return signing.NamedKey{}, err
	}
	return keys.NamedByID(r.Context(), id)
}

// getKey answers GET /api/key/{keyId}.
func (s *Server) getKey(w http.ResponseWriter, r *http.Request) error {
	k, err := keyOfPath(s.keys, r)
	if err != nil {
		return err
	}
	return replyKey(w, k)
}

// listKeys answers GET /api/key. The provider's own keys are not listed: they have no names, and
// rotate.
func (s *Server) listKeys(w http.ResponseWriter, r *http.Request) error {
	all, err := s.keys.Named(r.Context())
	if err != nil {
		return err
	}
	list := []keyJSON{}
	for _, k := range all {
		j, err := newKeyJSON(k)
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
	k, err := keyOfPath(s.keys, r)
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
	k.Name, k.Updated = body.Key.Name, database.Millis(s.now())
	if err := s.keys.Rename(r.Context(), k); err != nil {
		return keyError(err)
	}
	return replyKey(w, k)
}

// deleteKey answers DELETE /api/key/{keyId}. Tokens signed with it are refused from then on.
func (s *Server) deleteKey(_ http.ResponseWriter, r *http.Request) error {
	k, err := keyOfPath(s.keys, r)
	if err != nil {
		return err
	}
	if err := s.keys.Delete(r.Context(), k.ID); err != nil {
		return keyError(err)
	}
	s.log.InfoContext(r.Context(), "key deleted", "key", k.ID, "kid", k.KID)
	return nil
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
