package idp

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"fmt"
	"net/http"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// What a browser is asked to sign for.
const (
	toRegister = "register"
	toLogIn    = "login"
)

const passkeyTimeout = 3 * time.Minute // FusionAuth's default

const challengeSize = 32 // bytes

// challenge says for whom and what one was given out.
type challenge struct {
	userID, applicationID, displayName, userAgent string
}

// newChallenge keeps a challenge. Those that have expired go.
func (s *Server) newChallenge(ctx context.Context, purpose string, c challenge) (string, error) {
	raw := make([]byte, challengeSize)
	rand.Read(raw)
	text := base64.RawURLEncoding.EncodeToString(raw)
	now := s.now()
	err := s.db.Write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.Exec(`DELETE FROM passkey_challenges WHERE expiry <= $1`, database.Millis(now)); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO passkey_challenges (challenge, purpose, user_id, application_id, display_name, user_agent, expiry) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			text, purpose, c.userID, c.applicationID, c.displayName, c.userAgent, database.Millis(now.Add(passkeyTimeout)))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("keep challenge: %w", err)
	}
	return text, nil
}

type descriptor struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

func descriptors(keys []passkey) []descriptor {
	all := []descriptor{}
	for _, k := range keys {
		all = append(all, descriptor{k.CredentialID, "public-key"})
	}
	return all
}

// creationOptions are PublicKeyCredentialCreationOptions in JSON (Web
// Authentication §5.1.9). The relying party has no id here: it is the host of
// the page, whichever application's that is.
type creationOptions struct {
	Challenge    string                         `json:"challenge"`
	RelyingParty relyingParty                   `json:"rp"`
	User         userEntity                     `json:"user"`
	Parameters   []protocol.CredentialParameter `json:"pubKeyCredParams"`
	Timeout      int64                          `json:"timeout"`
	Exclude      []descriptor                   `json:"excludeCredentials"`
	Selection    selection                      `json:"authenticatorSelection"`
	Attestation  string                         `json:"attestation"`
}

type relyingParty struct {
	Name string `json:"name"`
}

type userEntity struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
}

type selection struct {
	ResidentKey        string `json:"residentKey"`
	RequireResidentKey bool   `json:"requireResidentKey"`
	UserVerification   string `json:"userVerification"`
}

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
	text, err := s.newChallenge(r.Context(), toRegister, challenge{userID: u.ID, displayName: req.DisplayName, userAgent: req.UserAgent})
	if err != nil {
		return err
	}
	return replyOptions(w, creationOptions{
		Challenge: text, RelyingParty: relyingParty{s.issuer},
		User:       userEntity{ID: base64.RawURLEncoding.EncodeToString(u.handle()), Name: u.loginName(), DisplayName: u.loginName()},
		Parameters: webauthn.CredentialParametersRecommendedL3(), Timeout: passkeyTimeout.Milliseconds(), Exclude: descriptors(keys),
		Selection: selection{"required", true, "required"}, Attestation: "none",
	})
}

// maxPasskeys bounds what one user can have us store.
const maxPasskeys = 50

func replyOptions(w http.ResponseWriter, options any) error {
	return fusion.Reply(w, http.StatusOK, struct {
		Options any `json:"options"`
	}{options})
}

// handle is how an authenticator knows a user.
func (u *User) handle() []byte {
	if u.ID == "" {
		return nil
	}
	return uuidBytes(u.ID)
}

func (u *User) loginName() string {
	if u.Email != "" {
		return u.Email
	}
	return u.Username
}

// requestOptions are PublicKeyCredentialRequestOptions in JSON (§5.5).
type requestOptions struct {
	Challenge        string       `json:"challenge"`
	Timeout          int64        `json:"timeout"`
	Allow            []descriptor `json:"allowCredentials"`
	UserVerification string       `json:"userVerification"`
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
	text, err := s.newChallenge(r.Context(), toLogIn, challenge{userID: u.ID, applicationID: app.ID})
	if err != nil {
		return err
	}
	return replyOptions(w, requestOptions{
		Challenge: text, Timeout: passkeyTimeout.Milliseconds(), Allow: descriptors(keys), UserVerification: "required",
	})
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
