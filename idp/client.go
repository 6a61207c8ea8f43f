package idp

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"net/url"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

func invalidClient(reason, description string) error {
	return &oauthError{Code: "invalid_client", Description: description, Reason: reason}
}

// client authenticates the OAuth client of a request: by Basic or by secret in
// the form, never both (RFC 6749 §2.3). A secret that is sent is checked, even
// if none is needed.
func (s *Server) client(r *http.Request, form url.Values) (application, error) {
	id, secrets, err := clientCredentials(r, form)
	if err != nil {
		return application{}, err
	}
	app, err := clientApplication(r.Context(), s.db, id)
	if err != nil {
		return application{}, err
	}
	if len(secrets) == 0 {
		if app.ClientAuthenticationPolicy == ClientAuthenticationNotRequired {
			return app, nil
		}
		return application{}, invalidClient("client_authentication_missing", "The client must authenticate.")
	}
	right := 0
	for _, secret := range secrets {
		right |= subtle.ConstantTimeCompare(s.secrets.clientSecretDigest(app.ID, secret), app.secretDigest)
	}
	if right != 1 {
		return application{}, invalidClient("invalid_client_authentication", "The client could not be authenticated.")
	}
	return app, nil
}

// clientCredentials returns the client id and the secret in each of the ways
// in which it can be read.
func clientCredentials(r *http.Request, form url.Values) (id string, secrets []string, err error) {
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if r.Header.Get("Authorization") == "" {
		if id == "" {
			return "", nil, invalidRequest("missing_client_id", "The client_id is missing.")
		}
		if secret != "" {
			secrets = []string{secret}
		}
		return id, secrets, nil
	}
	basicID, basicSecret, ok := r.BasicAuth()
	if !ok {
		return "", nil, invalidClient("invalid_client_authentication_scheme", "The Authorization header must be Basic.")
	}
	if secret != "" {
		return "", nil, invalidRequest("invalid_client_authentication", "Authenticate by header or by form, not by both.")
	}
	if id != "" && id != basicID {
		return "", nil, invalidRequest("client_id_mismatch", "The client_id differs from that of the header.")
	}
	// RFC 6749 §2.3.1 has both form-encoded first; many clients do not.
	secrets = []string{basicSecret}
	if decoded, err := url.QueryUnescape(basicSecret); err == nil && decoded != basicSecret {
		secrets = append(secrets, decoded)
	}
	return basicID, secrets, nil
}

func clientApplication(ctx context.Context, q database.Queries, id string) (application, error) {
	unknown := invalidRequest("invalid_client_id", "There is no such client.")
	id, err := fusion.ParseID("client_id", id)
	if err != nil || id == "" {
		return application{}, unknown
	}
	app, err := readApplication(ctx, q, id)
	if errors.Is(err, ErrNotFound) {
		return application{}, unknown
	}
	if err != nil {
		return application{}, err
	}
	if !app.active {
		return application{}, unknown
	}
	return app, nil
}
