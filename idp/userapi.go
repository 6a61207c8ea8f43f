package idp

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/jsonpatch"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
)

// userInScope returns the user that the path names.
func userInScope(ctx context.Context, q database.Queries, sc scope, id string) (User, error) {
	id, err := fusion.ParseID("userId", id)
	if err != nil {
		return User{}, err
	}
	u, err := userByID(ctx, q, id)
	if err == nil && !sc.covers(u.TenantID) {
		err = ErrNotFound
	}
	return u, err
}

func (s *Server) replyUser(w http.ResponseWriter, r *http.Request, u User, err error) {
	if err != nil {
		s.fail(w, r, err)
		return
	}
	fusion.Reply(w, http.StatusOK, userResponse{User: u.json()})
}

// getUser answers GET /api/user/{userId}.
func (s *Server) getUser(w http.ResponseWriter, r *http.Request, sc scope) {
	u, err := userInScope(r.Context(), s.db, sc, r.PathValue("userId"))
	s.replyUser(w, r, u, err)
}

// findUser answers GET /api/user: with the JWT of the user who asks, or with an API key and one of changePasswordId, verificationId, email, username and loginId.
func (s *Server) findUser(w http.ResponseWriter, r *http.Request) {
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); scheme == "Bearer" || scheme == "JWT" {
		u, _, err := s.holderOf(r.Context(), token)
		if err == nil && (!u.Active || u.expired(s.now())) {
			err = errUnauthorized
		}
		s.replyUser(w, r, u, err)
		return
	}
	s.keyed("/api/user", func(w http.ResponseWriter, r *http.Request, sc scope) {
		form, err := fusion.ParseForm(r.URL.RawQuery)
		if err != nil {
			s.fail(w, r, fusion.Invalid("", "invalidQuery", "The query string is not well-formed."))
			return
		}
		u, err := s.findBy(r.Context(), sc, form)
		s.replyUser(w, r, u, err)
	})(w, r)
}

// within refuses a user whom a call finds beyond its scope.
func within(sc scope, u User, err error) error {
	if err == nil && !sc.covers(u.TenantID) {
		return ErrNotFound
	}
	return err
}

func (s *Server) findBy(ctx context.Context, sc scope, form url.Values) (User, error) {
	if id := form.Get("changePasswordId"); id != "" {
		u, _, err := s.userOfChange(ctx, ticket(id))
		return u, within(sc, u, err)
	}
	if id := form.Get("verificationId"); id != "" {
		u, err := s.holder(ctx, forVerification, ticket(id))
		return u, within(sc, u, err)
	}
	loginID, types := form.Get("loginId"), form["loginIdTypes"]
	switch {
	case form.Get("email") != "":
		loginID, types = form.Get("email"), []string{loginIDEmail}
	case form.Get("username") != "":
		loginID, types = form.Get("username"), []string{loginIDUsername}
	case loginID == "":
		return User{}, fusion.Invalid("loginId", "blank", "Say who: email, username or loginId.")
	case len(types) == 0:
		types = []string{loginIDEmail, loginIDUsername}
	}
	tenantID := string(sc)
	if tenantID == "" {
		var err error
		if tenantID, err = soleTenant(ctx, s.db); err != nil {
			return User{}, err
		}
	}
	return userByLoginID(ctx, s.db, tenantID, loginID, types)
}

// putUser answers PUT /api/user/{userId}: the user as the body says, or, with reactivate=true, let in again.
func (s *Server) putUser(w http.ResponseWriter, r *http.Request, sc scope) {
	u, err := userInScope(r.Context(), s.db, sc, r.PathValue("userId"))
	if err == nil && r.URL.Query().Get("reactivate") == "true" {
		if err = s.SetUserActive(r.Context(), u.ID, true); err == nil {
			u, err = s.UserByID(r.Context(), u.ID)
		}
		s.replyUser(w, r, u, err)
		return
	}
	var req userRequest
	if err == nil {
		err = fusion.Decode(w, r, &req)
	}
	if err == nil {
		u, err = s.replaceUser(r.Context(), u, func(User) (userRequest, error) { return req, nil })
	}
	s.replyUser(w, r, u, err)
}

// patchUser answers PATCH /api/user/{userId}.
func (s *Server) patchUser(w http.ResponseWriter, r *http.Request, sc scope) {
	body, err := fusion.ReadBody(w, r)
	var u User
	if err == nil {
		u, err = userInScope(r.Context(), s.db, sc, r.PathValue("userId"))
	}
	if err == nil {
		u, err = s.replaceUser(r.Context(), u, func(u User) (req userRequest, err error) {
			text, err := jsonpatch.Apply(fusion.MediaType(r), body, "user", u.json())
			if err == nil {
				err = fusion.DecodeJSON(text, &req)
			}
			if required := req.User.PasswordChangeRequired; required != nil && *required == (u.PasswordChangeReason != "") {
				req.User.PasswordChangeRequired = nil // the patch leaves it: as the reason says
			}
			return req, err
		})
	}
	s.replyUser(w, r, u, err)
}

// deleteUser answers DELETE /api/user/{userId}: locked out, or, with hardDelete=true, gone.
func (s *Server) deleteUser(w http.ResponseWriter, r *http.Request, sc scope) {
	u, err := userInScope(r.Context(), s.db, sc, r.PathValue("userId"))
	var form url.Values
	if err == nil {
		form, err = fusion.Parameters(w, r)
	}
	switch {
	case err != nil:
	case form.Get("hardDelete") == "true":
		err = s.DeleteUser(r.Context(), u.ID)
	default:
		err = s.SetUserActive(r.Context(), u.ID, false)
	}
	if err != nil {
		s.fail(w, r, err)
	}
}

// DeleteUser removes a user with all registrations and refresh tokens, for good. Unknown: ErrNotFound.
func (s *Server) DeleteUser(ctx context.Context, userID string) error {
	userID = strings.ToLower(userID)
	return s.outbox.Write(ctx, func(tx *outbox.Tx) error { return s.removeUser(ctx, tx, userID) })
}
