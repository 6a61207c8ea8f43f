package idp

import (
	"context"
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/webauthn"
)

// startPasskey answers POST /api/webauthn/register/start.
func (s *Server) startPasskey(w http.ResponseWriter, r *http.Request, sc scope) error {
	var req struct {
		UserID      string `json:"userId"`
		DisplayName string `json:"displayName"`
		UserAgent   string `json:"userAgent"`
	}
	if err := fusion.Decode(w, r, &req); err != nil {
		return err
	}
	if hasNUL(req.DisplayName+req.UserAgent) || req.DisplayName == "" || len(req.DisplayName) > 200 || len(req.UserAgent) > 1000 {
		return fusion.Invalid("displayName", "invalid", "A passkey has a name, of at most 200 bytes, and a userAgent of at most 1000.")
	}
	u, err := userInScope(r.Context(), s.db, sc, req.UserID)
	if err != nil {
		return err
	}
	keys, err := readPasskeys(r.Context(), s.db, "user_id = $1", u.ID)
	if err != nil {
		return err
	}
	if len(keys) >= maxPasskeys {
		return fusion.Invalid("userId", "tooMany", "The user has as many passkeys as one can have.")
	}
	text, err := s.challenges.issue(r.Context(), toRegister, challenge{userID: u.ID, displayName: req.DisplayName, userAgent: req.UserAgent})
	if err != nil {
		return err
	}
	return replyOptions(w, webauthn.NewCreationOptions(text, relyingPartyName, u.authenticatorUser(), credentialIDs(keys)))
}

// relyingPartyName is what a browser may show beside the host of the page.
const relyingPartyName = "latchkey"

// maxPasskeys bounds what one user can have us store.
const maxPasskeys = 50

func replyOptions(w http.ResponseWriter, options any) error {
	return fusion.Reply(w, http.StatusOK, struct {
		Options any `json:"options"`
	}{options})
}

type passkeyLoginRequest struct {
	ApplicationID string   `json:"applicationId"`
	LoginID       string   `json:"loginId"`
	LoginIDTypes  []string `json:"loginIdTypes"`
	UserID        string   `json:"userId"`
}

// startPasskeyLogin answers POST /api/webauthn/start. A user without passkeys is not found.
func (s *Server) startPasskeyLogin(w http.ResponseWriter, r *http.Request, sc scope) error {
	var req passkeyLoginRequest
	if err := fusion.Decode(w, r, &req); err != nil {
		return err
	}
	u, app, err := req.user(r.Context(), s.db, sc)
	if err != nil {
		return err
	}
	keys, err := readPasskeys(r.Context(), s.db, "user_id = $1", u.ID)
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return ErrNotFound
	}
	text, err := s.challenges.issue(r.Context(), toLogIn, challenge{userID: u.ID, applicationID: app.ID})
	if err != nil {
		return err
	}
	return replyOptions(w, webauthn.NewRequestOptions(text, credentialIDs(keys)))
}

// user returns the user who wants to log in, and the application if the request names one.
func (req passkeyLoginRequest) user(ctx context.Context, q database.Queries, sc scope) (User, application, error) {
	if req.UserID == "" {
		return userOfLogin(ctx, q, sc, req.ApplicationID, req.LoginID, req.LoginIDTypes)
	}
	u, err := userInScope(ctx, q, sc, req.UserID)
	if err != nil {
		return User{}, application{}, err
	}
	app, err := optionalApplication(ctx, q, scope(u.TenantID), req.ApplicationID)
	return u, app, err
}
