package idp

import (
	"cmp"
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// validateJWT answers GET /api/jwt/validate. It checks the signature and the time, not the user.
func (s *Server) validateJWT(w http.ResponseWriter, r *http.Request) error {
	c, err := s.tokens.verify(r.Context(), bearer(r))
	if err != nil {
		return err
	}
	return fusion.Reply(w, http.StatusOK, struct {
		JWT claims `json:"jwt"`
	}{c})
}

// publicKey answers GET /api/jwt/public-key: that of a kid or of an application, or all.
func (s *Server) publicKey(w http.ResponseWriter, r *http.Request) error {
	texts := make(map[string]string)
	for _, k := range s.keys.Public() {
		text, err := k.PublicPEM()
		if err != nil {
			return err
		}
		texts[k.KID] = text
	}
	kid, err := s.wantedKID(r)
	if err != nil {
		return err
	}
	if kid == "" {
		return fusion.Reply(w, http.StatusOK, struct {
			PublicKeys map[string]string `json:"publicKeys"`
		}{texts})
	}
	text, known := texts[kid]
	if !known {
		return ErrNotFound
	}
	return fusion.Reply(w, http.StatusOK, struct {
		PublicKey string `json:"publicKey"`
	}{text})
}

// wantedKID returns the kid that a request names, or that of the application that it names, or "".
func (s *Server) wantedKID(r *http.Request) (string, error) {
	form := r.URL.Query()
	kid := cmp.Or(form.Get("kid"), form.Get("keyId"))
	if form.Get("applicationId") == "" {
		return kid, nil
	}
	id, err := fusion.ParseID("applicationId", form.Get("applicationId"))
	if err != nil {
		return "", err
	}
	app, err := readApplication(r.Context(), s.db, id)
	if err != nil {
		return "", err
	}
	signer, err := s.keys.Signer(r.Context(), app.AccessTokenKeyID)
	if err != nil {
		return "", err
	}
	return cmp.Or(kid, signer.KID), nil
}
