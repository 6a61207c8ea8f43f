package idp

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/jsonpatch"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
)

type registrationWrite struct {
	ID            string   `json:"id"`
	ApplicationID string   `json:"applicationId"`
	Roles         []string `json:"roles"`
}

type registrationRequest struct {
	Registration registrationWrite `json:"registration"`

	userRequest
}

// registrationResponse has a user and tokens if the call created the user.
type registrationResponse struct {
	Registration           registrationJSON `json:"registration"`
	User                   *userJSON        `json:"user,omitempty"`
	Token                  string           `json:"token,omitempty"`
	TokenExpirationInstant int64            `json:"tokenExpirationInstant,omitzero"`
}

// getRegistration answers GET /api/user/registration/{userId}/{applicationId}.
func (s *Server) getRegistration(w http.ResponseWriter, r *http.Request, sc scope) error {
	return s.replyRegistration(w, r, sc, r.PathValue("applicationId"))
}

// putRegistration answers PUT and PATCH. The application is named by the path or by the body.
func (s *Server) putRegistration(w http.ResponseWriter, r *http.Request, sc scope) error {
	body, err := fusion.ReadBody(w, r)
	if err != nil {
		return err
	}
	req, err := readRegistration(r, body)
	if err != nil {
		return err
	}
	id := cmp.Or(r.PathValue("applicationId"), req.Registration.ApplicationID)
	if id == "" {
		return fusion.Invalid("registration.applicationId", "blank", "Say for which application.")
	}
	old, err := registrationOf(r.Context(), s.db, sc, r.PathValue("userId"), id)
	if err != nil {
		return err
	}
	change := func([]string) ([]string, error) { return req.Registration.Roles, nil }
	if r.Method == http.MethodPatch {
		change = func(roles []string) ([]string, error) {
			old.Roles = roles
			return patchedRoles(fusion.MediaType(r), body, old)
		}
	}
	if err := s.changeRoles(r.Context(), fusion.Caller(r), strings.ToLower(r.PathValue("userId")), old, change); err != nil {
		return err
	}
	return s.replyRegistration(w, r, sc, id)
}

func (s *Server) replyRegistration(w http.ResponseWriter, r *http.Request, sc scope, applicationID string) error {
	reg, err := registrationOf(r.Context(), s.db, sc, r.PathValue("userId"), applicationID)
	if err != nil {
		return err
	}
	return fusion.Reply(w, http.StatusOK, registrationResponse{Registration: reg})
}

// readRegistration reads a body that may be a JSON Patch, which names no application.
func readRegistration(r *http.Request, body []byte) (req registrationRequest, err error) {
	switch t, patch := fusion.MediaType(r), r.Method == http.MethodPatch; {
	case t == "" || t == jsonpatch.Plain || t == jsonpatch.Merge && patch:
		return req, fusion.DecodeJSON(body, &req)
	case t == jsonpatch.Patch && patch:
		return req, nil
	}
	return req, fusion.ErrMediaType
}

func patchedRoles(mediaType string, patch []byte, reg registrationJSON) ([]string, error) {
	text, err := jsonpatch.Apply(mediaType, patch, "registration", reg)
	if err != nil {
		return nil, err
	}
	var req registrationRequest
	if err := fusion.DecodeJSON(text, &req); err != nil {
		return nil, err
	}
	return req.Registration.Roles, nil
}

// deleteRegistration answers DELETE /api/user/registration/{userId}[/{applicationId}].
func (s *Server) deleteRegistration(w http.ResponseWriter, r *http.Request, sc scope) error {
	id := r.PathValue("applicationId")
	if id == "" {
		form, err := fusion.Parameters(w, r)
		if err != nil {
			return err
		}
		id = form.Get("applicationId")
	}
	if _, err := registrationOf(r.Context(), s.db, sc, r.PathValue("userId"), id); err != nil {
		return err
	}
	userID, applicationID := strings.ToLower(r.PathValue("userId")), strings.ToLower(id)
	return s.outbox.Write(r.Context(), fusion.Caller(r), func(tx *outbox.Tx) error {
		return unregister(r.Context(), tx, userID, applicationID)
	})
}
