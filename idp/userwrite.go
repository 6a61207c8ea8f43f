package idp

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
	"github.com/latchkey-dev/latchkey/internal/loginid"
)

// userWrite is what a request may say of a user. What it does not may not be written: active and
// verified have calls of their own.
type userWrite struct {
	ID                     string               `json:"id"`
	TenantID               string               `json:"tenantId"`
	Email                  string               `json:"email"`
	Username               string               `json:"username"`
	Password               string               `json:"password"`
	Expiry                 int64                `json:"expiry"`
	PasswordChangeRequired *bool                `json:"passwordChangeRequired"` // nil: as the reason says
	PasswordChangeReason   PasswordChangeReason `json:"passwordChangeReason"`
	TwoFactor              twoFactorWrite       `json:"twoFactor"` // of a new user

	Profile
}

// userRequest is the body of the calls that write a user.
type userRequest struct {
	ApplicationID        string    `json:"applicationId"`
	SendSetPasswordEmail bool      `json:"sendSetPasswordEmail"`
	SkipVerification     bool      `json:"skipVerification"`
	User                 userWrite `json:"user"`
}

func (u userWrite) changeReason() PasswordChangeReason {
	switch required := u.PasswordChangeRequired; {
	case required != nil && !*required:
		return ""
	case required != nil && u.PasswordChangeReason == "":
		return ChangeAdministrative
	}
	return u.PasswordChangeReason
}

// trimmed leaves out the white space around the login ids, as a login does.
func (u userWrite) trimmed() userWrite {
	u.Email, u.Username = loginid.Trim(u.Email), loginid.Trim(u.Username)
	return u
}

// newUser checks a request to create a user, and says in which tenant.
func newUser(ctx context.Context, q database.Queries, sc scope, req userRequest, pathID string) (NewUser, error) {
	if req.SendSetPasswordEmail {
		return NewUser{}, fusion.Invalid("sendSetPasswordEmail", "notSupported", "This provider sends no mail to set a password: give one.")
	}
	u := req.User.trimmed()
	tenantID, err := tenantOfRequest(ctx, q, sc, "user.tenantId", u.TenantID)
	if err != nil {
		return NewUser{}, err
	}
	factor, err := u.TwoFactor.brought()
	if err != nil {
		return NewUser{}, err
	}
	return NewUser{
		ID: cmp.Or(pathID, u.ID), TenantID: tenantID, Email: u.Email, Username: u.Username, Password: u.Password, Verified: req.SkipVerification,
		Expiry: database.FromMillis(u.Expiry), Profile: u.Profile, changeReason: u.changeReason(), factor: factor,
	}, nil
}

// createUser answers POST /api/user[/{userId}].
func (s *Server) createUser(w http.ResponseWriter, r *http.Request, sc scope) error {
	var req userRequest
	if err := fusion.Decode(w, r, &req); err != nil {
		return err
	}
	answer, err := s.createUserFrom(r.Context(), fusion.Caller(r), sc, req, r.PathValue("userId"))
	if err != nil {
		return err
	}
	return fusion.Reply(w, http.StatusOK, answer)
}

// userResponse has a JWT where the call made the user.
type userResponse struct {
	User                   userJSON `json:"user"`
	Token                  string   `json:"token,omitempty"`
	TokenExpirationInstant int64    `json:"tokenExpirationInstant,omitzero"`
}

func (s *Server) createUserFrom(ctx context.Context, caller string, sc scope, req userRequest, pathID string) (userResponse, error) {
	app, err := optionalApplication(ctx, s.db, sc, req.ApplicationID)
	if err != nil {
		return userResponse{}, err
	}
	n, err := newUser(ctx, s.db, sc, req, pathID)
	if err != nil {
		return userResponse{}, err
	}
	if app.ID != "" && !strings.EqualFold(n.TenantID, app.TenantID) {
		return userResponse{}, fusion.Invalid("applicationId", "invalid", "The application is of another tenant.")
	}
	u, err := s.insertUser(ctx, caller, n)
	if err != nil {
		return userResponse{}, err
	}
	if err := s.askToVerify(ctx, &u, app); err != nil {
		return userResponse{}, err
	}
	return s.createdAnswer(ctx, &u, app, "USER_CREATE")
}

// createdAnswer is the answer for a user who was just created, with a JWT.
func (s *Server) createdAnswer(ctx context.Context, u *User, app application, authenticationType string) (userResponse, error) {
	c := s.tokens.claims(u, app.ID, app.accessTokenTTL())
	c.AuthenticationType = authenticationType
	token, err := s.tokens.sign(ctx, app, c)
	if err != nil {
		return userResponse{}, err
	}
	return userResponse{User: u.json(), Token: token, TokenExpirationInstant: c.ExpiresAt * 1000}, nil
}

// optionalApplication returns the application that a request names, or none.
func optionalApplication(ctx context.Context, q database.Queries, sc scope, id string) (application, error) {
	id, err := fusion.ParseID("applicationId", id)
	if err != nil || id == "" {
		return application{}, err
	}
	return activeApplication(ctx, q, sc, "applicationId", id)
}

// activeApplication returns the application that a field of a request names.
func activeApplication(ctx context.Context, q database.Queries, sc scope, field, id string) (application, error) {
	unknown := fusion.Invalid(field, "invalid", "There is no such application.")
	app, err := readApplication(ctx, q, id)
	if errors.Is(err, ErrNotFound) {
		return application{}, unknown
	}
	if err != nil {
		return application{}, err
	}
	if !app.active || !sc.covers(app.TenantID) {
		return application{}, unknown
	}
	return app, nil
}

// replaceUser puts what the request says in place of what is stored. A password that is not given
// stays; a new one revokes all refresh tokens. Another e-mail address has to be verified again. The
// request may depend on the user: it is asked for again once nobody else can change the user.
func (s *Server) replaceUser(ctx context.Context, caller string, old User, request func(User) (userRequest, error)) (User, error) {
	req, err := replacement(old, request)
	if err != nil {
		return User{}, err
	}
	if err := checkReplacement(ctx, s.passwords, old.TenantID, req.User); err != nil {
		return User{}, err
	}
	hash := ""
	if req.User.Password != "" {
		if hash, err = s.hasher.Hash(ctx, req.User.Password); err != nil {
			return User{}, fmt.Errorf("hash password: %w", err)
		}
	}
	now := database.Millis(s.now())
	err = s.outbox.Write(ctx, caller, func(tx *outbox.Tx) error {
		// Lock the user's row: it serializes changes of the user.
		if err := database.Changed(tx.Exec(`UPDATE users SET last_update_instant = $1 WHERE id = $2`, now, old.ID)); err != nil {
			return err
		}
		u, err := userByID(context.WithoutCancel(ctx), tx, old.ID)
		if err != nil {
			return err
		}
		req, err := replacement(u, request)
		if err != nil {
			return err
		}
		if wrong := checkWritten(req.User); wrong != nil {
			return wrong
		}
		if err := storeUser(tx.Tx, u, req); err != nil {
			return err
		}
		if err := raiseUserUpdate(ctx, tx, u); err != nil {
			return err
		}
		if hash == "" {
			return nil
		}
		if err := storePassword(ctx, tx, u.ID, hash, "true"); err != nil {
			return err
		}
		// A new password takes the reason away, unless the request sets one.
		_, err = tx.Exec(`UPDATE users SET password_change_reason = $1 WHERE id = $2`, string(req.User.changeReason()), u.ID)
		return err
	})
	if err != nil {
		return User{}, err
	}
	return s.UserByID(ctx, old.ID)
}

// replacement is what a request makes of a user.
func replacement(u User, request func(User) (userRequest, error)) (userRequest, error) {
	req, err := request(u)
	if err != nil {
		return userRequest{}, err
	}
	req.User = req.User.trimmed()
	return req, req.User.TwoFactor.unchanged(u)
}

func storeUser(tx *sql.Tx, old User, req userRequest) error {
	n := req.User
	if err := refuseTaken(tx, old, n); err != nil {
		return err
	}
	profile, err := json.Marshal(n.Profile)
	if err != nil {
		return fusion.Invalid("user.data", "invalid", "The profile cannot be written as JSON.")
	}
	email := strings.ToLower(n.Email)
	verified := req.SkipVerification || old.Verified && email == old.Email
	return database.Changed(tx.Exec(`UPDATE users SET imported_instant = CASE WHEN email = $1 THEN imported_instant ELSE 0 END, email = $1, email_key = $2, username = $3, username_key = $4, verified = $5, expiry = $6, password_change_reason = $7, profile = $8 WHERE id = $9`,
		email, loginIDKey(n.Email), n.Username, loginIDKey(n.Username), verified, n.Expiry, string(n.changeReason()), string(profile), old.ID))
}

func checkReplacement(ctx context.Context, passwords passwordPolicy, tenantID string, n userWrite) error {
	wrong := checkWritten(n)
	if n.Password != "" { // else the old one stays
		more, err := passwords.refuse(ctx, "user.password", tenantID, n.Password, n.Email, n.Username)
		if err != nil {
			return err
		}
		wrong = append(wrong, more...)
	}
	return fusion.OrNil(wrong)
}

// checkWritten checks everything but the password.
func checkWritten(n userWrite) ValidationError {
	_, wrong := checkNewUser(NewUser{
		Email: n.Email, Username: n.Username, Expiry: database.FromMillis(n.Expiry), changeReason: n.PasswordChangeReason,
	})
	return wrong
}

// refuseTaken refuses an e-mail address or a username of somebody else.
func refuseTaken(tx *sql.Tx, old User, n userWrite) error {
	var wrong ValidationError
	for field, key := range map[string]sql.NullString{"email": loginIDKey(n.Email), "username": loginIDKey(n.Username)} {
		var taken bool
		if err := tx.QueryRow(takenLoginID, old.TenantID, key, old.ID).Scan(&taken); err != nil {
			return err
		}
		if taken {
			wrong = append(wrong, fusion.Invalid("user."+field, "duplicate", "This one is taken.")...)
		}
	}
	return fusion.OrNil(wrong)
}
