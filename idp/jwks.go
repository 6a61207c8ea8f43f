package idp

import (
	"net/http"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/jsonpatch"
)

// A publishedKey is a JWK (RFC 7517). One of an administration names the applications whose tokens
// it signs, which may be none: it signs nothing else, and no event.
type publishedKey struct {
	key       jose.JSONWebKey
	named     bool
	audiences []string
}

// MarshalJSON writes the key with a member of ours, which other readers ignore (RFC 7517 §4).
func (p publishedKey) MarshalJSON() ([]byte, error) {
	text, err := p.key.MarshalJSON()
	if err != nil || !p.named {
		return text, err
	}
	var all jsonpatch.Members
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	if p.audiences == nil {
		p.audiences = []string{}
	}
	if all["latchkey_aud"], err = json.Marshal(p.audiences); err != nil {
		return nil, err
	}
	return json.Marshal(all, json.Deterministic(true))
}

// jwks answers GET /.well-known/jwks.json.
func (s *Server) jwks(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Cache-Control", "public, max-age=300")
	set := struct {
		Keys []publishedKey `json:"keys"`
	}{[]publishedKey{}}
	for _, k := range s.keys.Public() {
		jwk := jose.JSONWebKey{Key: k.Public(), KeyID: k.KID, Algorithm: string(k.Algorithm), Use: "sig"}
		set.Keys = append(set.Keys, publishedKey{jwk, k.ID != "", k.Audiences})
	}
	return fusion.Reply(w, http.StatusOK, set)
}
