package idp

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
	"github.com/latchkey-dev/latchkey/internal/loginid"
)

// userWrite is what a request may say of a user. What it does not may not be written: active and verified have calls of their own.
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

// newUser checks a request to make a user, and says where.
func (s *Server) newUser(ctx context.Context, sc scope, req userRequest, pathID string) (NewUser, error) {
	if req.SendSetPasswordEmail {
		return NewUser{}, fusion.Invalid("sendSetPasswordEmail", "notSupported", "This provider sends no mail to set a password: give one.")
	}
	u := req.User.trimmed()
	if pathID != "" {
		u.ID = pathID
	}
	switch {
	case u.TenantID != "" && !sc.covers(strings.ToLower(u.TenantID)):
		return NewUser{}, fusion.Invalid("user.tenantId", "invalid", "The request is confined to another tenant.")
	case u.TenantID == "" && sc != "":
		u.TenantID = string(sc)
	case u.TenantID == "":
		id, err := soleTenant(ctx, s.db)
		if err != nil {
			return NewUser{}, err
		}
		u.TenantID = id
	}
	factor, err := u.TwoFactor.brought()
	if err != nil {
		return NewUser{}, err
	}
	return NewUser{
		ID: u.ID, TenantID: u.TenantID, Email: u.Email, Username: u.Username, Password: u.Password, Verified: req.SkipVerification,
		Expiry: database.FromMillis(u.Expiry), Profile: u.Profile, changeReason: u.changeReason(), factor: factor,
	}, nil
}

// createUser answers POST /api/user[/{userId}].
func (s *Server) createUser(w http.ResponseWriter, r *http.Request, sc scope) {
	var req userRequest
	err := fusion.Decode(w, r, &req)
	if err == nil {
		var answer userResponse
		if answer, err = s.createUserFrom(r.Context(), sc, req, r.PathValue("userId")); err == nil {
			fusion.Reply(w, http.StatusOK, answer)
			return
		}
	}
	s.fail(w, r, err)
}

// userResponse has a JWT where the call made the user.
type userResponse struct {
	User                   userJSON `json:"user"`
	Token                  string   `json:"token,omitempty"`
	TokenExpirationInstant int64    `json:"tokenExpirationInstant,omitzero"`
}

func (s *Server) createUserFrom(ctx context.Context, sc scope, req userRequest, pathID string) (answer userResponse, err error) {
	app, err := optionalApplication(ctx, s.db, sc, req.ApplicationID)
	if err != nil {
		return answer, err
	}
	n, err := s.newUser(ctx, sc, req, pathID)
	if err != nil {
		return answer, err
	}
	if app.ID != "" && !strings.EqualFold(n.TenantID, app.TenantID) {
		return answer, fusion.Invalid("applicationId", "invalid", "The application is of another tenant.")
	}
	u, err := s.CreateUser(ctx, n)
	if err != nil {
		return answer, err
	}
	if err := s.askToVerify(ctx, &u, app); err != nil {
		return answer, err
	}
	return s.introduced(ctx, &u, app, "USER_CREATE")
}

// introduced is the answer for a user who was just made, with a JWT.
func (s *Server) introduced(ctx context.Context, u *User, app application, how string) (answer userResponse, err error) {
	ttl := defaultAccessTokenTTL
	if app.ID != "" {
		ttl = app.AccessTokenTTL
	}
	c := s.newClaims(u, app.ID, ttl)
	c.AuthenticationType = how
	answer.User, answer.TokenExpirationInstant = u.json(), c.ExpiresAt*1000
	answer.Token, err = s.sign(ctx, app, c)
	return answer, err
}

// optionalApplication returns the application that a request names, or none.
func optionalApplication(ctx context.Context, q database.Queries, sc scope, id string) (application, error) {
	id, err := fusion.ParseID("applicationId", id)
	if err != nil || id == "" {
		return application{}, err
	}
	app, err := readApplication(ctx, q, id)
	if err == ErrNotFound || err == nil && (!app.active || !sc.covers(app.TenantID)) {
		return application{}, fusion.Invalid("applicationId", "invalid", "There is no such application.")
	}
	return app, err
}

// replaceUser puts what the request says in place of what is stored. A password that is not given stays; a new one revokes all refresh tokens. Another
// e-mail address is to be verified again. What the request says may depend on the user, and is asked for again once nobody else can change that one.
func (s *Server) replaceUser(ctx context.Context, old User, request func(User) (userRequest, error)) (User, error) {
	wanted := func(u User) (userRequest, error) {
		req, err := request(u)
		req.User = req.User.trimmed()
		if err == nil {
			err = req.User.TwoFactor.unchanged(u)
		}
		return req, err
	}
	req, err := wanted(old)
	if err == nil {
		err = s.checkReplacement(ctx, old.TenantID, req.User)
	}
	if err != nil {
		return User{}, err
	}
	hash := ""
	if req.User.Password != "" {
		if hash, err = s.hasher.Hash(ctx, req.User.Password); err != nil {
			return User{}, fmt.Errorf("hash password: %w", err)
		}
	}
	now := database.Millis(s.now())
	err = s.outbox.Write(ctx, func(tx *outbox.Tx) error {
		// The row is the lock that everybody waits for who changes it.
		if err := database.Changed(tx.Exec(`UPDATE users SET last_update_instant = $1 WHERE id = $2`, now, old.ID)); err != nil {
			return err
		}
		u, err := readUser(context.WithoutCancel(ctx), tx, "id = $1", old.ID)
		if err != nil {
			return err
		}
		req, err := wanted(u)
		if err == nil {
			err = fusion.OrNil(s.checkWritten(req.User))
		}
		if err == nil {
			err = storeUser(tx.Tx, u, req)
		}
		if err == nil {
			err = s.raiseUserUpdate(ctx, tx, u)
		}
		if err != nil || hash == "" {
			return err
		}
		if err := s.storePassword(ctx, tx, u.ID, hash, "true"); err != nil {
			return err
		}
		_, err = tx.Exec(`UPDATE users SET password_change_reason = $1 WHERE id = $2`, string(req.User.changeReason()), u.ID) // which a new password takes away by itself
		return err
	})
	if err != nil {
		return User{}, err
	}
	return s.UserByID(ctx, old.ID)
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

func (s *Server) checkReplacement(ctx context.Context, tenantID string, n userWrite) error {
	wrong := s.checkWritten(n)
	if n.Password != "" { // else the old one stays
		more, err := s.refusePassword(ctx, "user.password", tenantID, n.Password, n.Email, n.Username)
		if err != nil {
			return err
		}
		wrong = append(wrong, more...)
	}
	return fusion.OrNil(wrong)
}

// checkWritten looks at everything but the password.
func (s *Server) checkWritten(n userWrite) ValidationError {
	_, wrong := s.checkNewUser(NewUser{Email: n.Email, Username: n.Username, Expiry: database.FromMillis(n.Expiry), changeReason: n.PasswordChangeReason})
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
