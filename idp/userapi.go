package idp

import (
	"context"
	"net/http"
	"net/url"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/jsonpatch"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
)

func replyUser(w http.ResponseWriter, u User) error {
	return fusion.Reply(w, http.StatusOK, userResponse{User: u.json()})
}

// getUser answers GET /api/user/{userId}.
func (s *Server) getUser(w http.ResponseWriter, r *http.Request, sc scope) error {
	u, err := userInScope(r.Context(), s.db, sc, r.PathValue("userId"))
	if err != nil {
		return err
	}
	return replyUser(w, u)
}

// findUser answers GET /api/user: with the user's own JWT, or with an API key and one of
// changePasswordId, verificationId, email, username and loginId.
func (s *Server) findUser() http.HandlerFunc {
	ownUser, userOfQuery := s.answering(s.ownUser), s.keyed("/api/user", s.userOfQuery)
	return func(w http.ResponseWriter, r *http.Request) {
		if _, ok := bearerToken(r); ok {
			ownUser(w, r)
			return
		}
		userOfQuery(w, r)
	}
}

func (s *Server) ownUser(w http.ResponseWriter, r *http.Request) error {
	token, _ := bearerToken(r)
	u, _, err := s.userOfJWT(r.Context(), token)
	if err != nil {
		return err
	}
	if !u.Active || u.expired(s.now()) {
		return errUnauthorized
	}
	return replyUser(w, u)
}

func (s *Server) userOfQuery(w http.ResponseWriter, r *http.Request, sc scope) error {
	form, err := fusion.ParseForm(r.URL.RawQuery)
	if err != nil {
		return fusion.Invalid("", "invalidQuery", "The query string is not well-formed.")
	}
	u, err := s.findBy(r.Context(), sc, form)
	if err != nil {
		return err
	}
	if !sc.covers(u.TenantID) {
		return ErrNotFound
	}
	return replyUser(w, u)
}

func (s *Server) findBy(ctx context.Context, sc scope, form url.Values) (User, error) {
	if id := form.Get("changePasswordId"); id != "" {
		u, _, err := s.tickets.userOfChange(ctx, ticket(id))
		return u, err
	}
	if id := form.Get("verificationId"); id != "" {
		return s.tickets.user(ctx, forVerification, ticket(id))
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
	tenantID, err := tenantIn(ctx, s.db, sc)
	if err != nil {
		return User{}, err
	}
	return userByLoginID(ctx, s.db, tenantID, loginID, types)
}

// putUser answers PUT /api/user/{userId}: the user as the body says, or, with reactivate=true,
// active again.
func (s *Server) putUser(w http.ResponseWriter, r *http.Request, sc scope) error {
	old, err := userInScope(r.Context(), s.db, sc, r.PathValue("userId"))
	if err != nil {
		return err
	}
	if r.URL.Query().Get("reactivate") == "true" {
		err := s.outbox.Write(r.Context(), fusion.Caller(r), func(tx *outbox.Tx) error { return reactivate(r.Context(), tx, old.ID) })
		if err != nil {
			return err
		}
		u, err := s.UserByID(r.Context(), old.ID)
		if err != nil {
			return err
		}
		return replyUser(w, u)
	}
	var req userRequest
	if err := fusion.Decode(w, r, &req); err != nil {
		return err
	}
	u, err := s.replaceUser(r.Context(), fusion.Caller(r), old, func(User) (userRequest, error) { return req, nil })
	if err != nil {
		return err
	}
	return replyUser(w, u)
}

// patchUser answers PATCH /api/user/{userId}.
func (s *Server) patchUser(w http.ResponseWriter, r *http.Request, sc scope) error {
	body, err := fusion.ReadBody(w, r)
	if err != nil {
		return err
	}
	old, err := userInScope(r.Context(), s.db, sc, r.PathValue("userId"))
	if err != nil {
		return err
	}
	u, err := s.replaceUser(r.Context(), fusion.Caller(r), old, func(u User) (userRequest, error) { return patchedUser(fusion.MediaType(r), body, u) })
	if err != nil {
		return err
	}
	return replyUser(w, u)
}

// patchedUser is the request to replace a user by the user with a patch applied.
func patchedUser(mediaType string, patch []byte, u User) (userRequest, error) {
	text, err := jsonpatch.Apply(mediaType, patch, "user", u.json())
	if err != nil {
		return userRequest{}, err
	}
	var req userRequest
	if err := fusion.DecodeJSON(text, &req); err != nil {
		return userRequest{}, err
	}
	if required := req.User.PasswordChangeRequired; required != nil && *required == (u.PasswordChangeReason != "") {
		req.User.PasswordChangeRequired = nil // the patch leaves it: as the reason says
	}
	return req, nil
}

// deleteUser answers DELETE /api/user/{userId}: locked out, or deleted, with hardDelete=true.
func (s *Server) deleteUser(w http.ResponseWriter, r *http.Request, sc scope) error {
	u, err := userInScope(r.Context(), s.db, sc, r.PathValue("userId"))
	if err != nil {
		return err
	}
	form, err := fusion.Parameters(w, r)
	if err != nil {
		return err
	}
	if form.Get("hardDelete") == "true" {
		return s.deleteUserBy(r.Context(), fusion.Caller(r), u.ID)
	}
	return s.outbox.Write(r.Context(), fusion.Caller(r), func(tx *outbox.Tx) error { return deactivate(r.Context(), tx, u.ID) })
}
