package idp

import (
	"mime"
	"net/http"
	"net/url"
	"slices"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// oauthError is an error of /oauth2, in RFC 6749's words with FusionAuth's reason.
type oauthError struct {
	Code        string `json:"error"`
	Description string `json:"error_description"`
	Reason      string `json:"error_reason"`

	// How to go on.
	ChangePasswordID ticket            `json:"change_password_id,omitempty"`
	TwoFactorID      ticket            `json:"two_factor_id,omitempty"`
	TwoFactorMethods []twoFactorMethod `json:"two_factor_methods,omitempty"`
}

func (e *oauthError) Error() string { return "idp: " + e.Code + ": " + e.Reason }

// status is 401 if the client's or the user's credential is at fault (RFC 6749 §5.2, RFC 6750
// §3.1).
func (e *oauthError) status() int {
	switch e.Code {
	case "invalid_client", "invalid_token":
		return http.StatusUnauthorized
	}
	return http.StatusBadRequest
}

func invalidRequest(reason, description string) error {
	return &oauthError{Code: "invalid_request", Description: description, Reason: reason}
}

// tokenForm returns the parameters of a token request: from the body only, as
// a form, none twice but resource, an empty one being no parameter at all
// (RFC 6749 §3.2).
func tokenForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	t, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if charset := params["charset"]; err != nil || len(r.Header.Values("Content-Type")) > 1 || t != "application/x-www-form-urlencoded" ||
		!slices.Contains([]string{"", "utf-8", "UTF-8"}, charset) {
		return nil, invalidRequest("unknown", "The body must be application/x-www-form-urlencoded.")
	}
	body, err := fusion.ReadBody(w, r)
	if err != nil {
		return nil, invalidRequest("unknown", "The body cannot be read or is too large.")
	}
	form, err := fusion.ParseForm(string(body))
	if err != nil {
		return nil, invalidRequest("unknown", "The body is not a well-formed form.")
	}
	for name, values := range form {
		if len(values) > 1 && name != "resource" {
			return nil, invalidRequest("unknown", "A parameter is repeated.")
		}
	}
	return form, nil
}
