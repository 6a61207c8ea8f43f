package idp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/jsonpatch"
)

type applicationBody struct {
	Application applicationJSON `json:"application"`
}

// applicationInScope returns the application that the path names.
func applicationInScope(q database.Queries, r *http.Request, sc scope) (application, error) {
	id, err := fusion.ParseID("applicationId", r.PathValue("applicationId"))
	if err != nil {
		return application{}, err
	}
	a, err := readApplication(r.Context(), q, id)
	if err == nil && !sc.covers(a.TenantID) {
		err = ErrNotFound
	}
	return a, err
}

func (s *Server) replyApplication(w http.ResponseWriter, r *http.Request, a application, err error) {
	if err != nil {
		s.fail(w, r, err)
		return
	}
	j := a.json()
	if j.Roles, err = readRoles(r.Context(), s.db, a.ID); err != nil {
		s.fail(w, r, err)
		return
	}
	j.OAuthConfiguration.ClientSecret = a.ClientSecret // where it was just made
	fusion.Reply(w, http.StatusOK, applicationBody{j})
}

// getApplication answers GET /api/application/{applicationId}.
func (s *Server) getApplication(w http.ResponseWriter, r *http.Request, sc scope) {
	a, err := applicationInScope(s.db, r, sc)
	s.replyApplication(w, r, a, err)
}

// listApplications answers GET /api/application: the active ones, or, with inactive=true, the others.
func (s *Server) listApplications(w http.ResponseWriter, r *http.Request, sc scope) {
	all, err := applicationsIn(r.Context(), s.db, sc, r.URL.Query().Get("inactive") != "true")
	if err != nil {
		s.fail(w, r, err)
		return
	}
	fusion.Reply(w, http.StatusOK, struct {
		Applications []applicationJSON `json:"applications"`
	}{all})
}

func applicationsIn(ctx context.Context, q database.Queries, sc scope, active bool) ([]applicationJSON, error) {
	ids, err := database.Strings(ctx, q, `SELECT id FROM applications WHERE active = $1 AND ($2 = '' OR tenant_id = $2) ORDER BY name, id`, active, string(sc))
	if err != nil {
		return nil, err
	}
	all := []applicationJSON{}
	for _, id := range ids {
		a, err := readApplication(ctx, q, id)
		if err == ErrNotFound {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		j := a.json()
		if j.Roles, err = readRoles(ctx, q, id); err != nil {
			return nil, err
		}
		all = append(all, j)
	}
	return all, nil
}

// createApplication answers POST /api/application[/{applicationId}]. A client secret is made where none is given; the answer shows it, once.
func (s *Server) createApplication(w http.ResponseWriter, r *http.Request, sc scope) {
	var body applicationBody
	err := fusion.Decode(w, r, &body)
	var a application
	if err == nil {
		a, err = s.createApplicationFrom(r.Context(), sc, body.Application, r.PathValue("applicationId"))
	}
	s.replyApplication(w, r, a, err)
}

func (s *Server) createApplicationFrom(ctx context.Context, sc scope, j applicationJSON, pathID string) (none application, err error) {
	settings, err := j.settings()
	if err != nil {
		return none, err
	}
	if pathID != "" {
		settings.ID = pathID
	}
	switch id, err := fusion.ParseID("application.id", settings.ID); {
	case err != nil:
		return none, err
	case id == "":
		settings.ID = uuid.NewString()
	default:
		settings.ID = id
	}
	if settings.TenantID, err = tenantOfRequest(ctx, s.db, sc, "application.tenantId", settings.TenantID); err != nil {
		return none, err
	}
	if settings.ClientSecret == "" {
		settings.ClientSecret = freshSecret()
	}
	for i := range j.Roles {
		if j.Roles[i], err = j.Roles[i].checked(fmt.Sprintf("application.roles[%d]", i)); err != nil {
			return none, err
		}
	}
	digest := s.secrets.clientSecretDigest(settings.ID, settings.ClientSecret)
	err = s.storeApplication(ctx, settings, digest, insertApplication+` ON CONFLICT (id) DO NOTHING`, j.Roles...)
	if errors.Is(err, ErrNotFound) {
		return none, fusion.Invalid("application.id", "duplicate", "This one is taken.")
	}
	if err != nil {
		return none, err
	}
	made, err := readApplication(ctx, s.db, settings.ID)
	made.ClientSecret = settings.ClientSecret
	return made, err
}

// tenantOfRequest is the tenant in which something is made.
func tenantOfRequest(ctx context.Context, q database.Queries, sc scope, field, named string) (string, error) {
	switch {
	case named != "" && !sc.covers(strings.ToLower(named)):
		return "", fusion.Invalid(field, "invalid", "The request is confined to another tenant.")
	case named != "":
		return named, nil
	case sc != "":
		return string(sc), nil
	}
	return soleTenant(ctx, q)
}

// putApplication answers PUT /api/application/{applicationId}: as the body says, or, with reactivate=true, switched on again. The client secret stays where none is given.
func (s *Server) putApplication(w http.ResponseWriter, r *http.Request, sc scope) {
	old, err := applicationInScope(s.db, r, sc)
	if err == nil && r.URL.Query().Get("reactivate") == "true" {
		err = s.SetApplicationActive(r.Context(), old.ID, true)
		old.active = true
		s.replyApplication(w, r, old, err)
		return
	}
	var body applicationBody
	if err == nil {
		err = fusion.Decode(w, r, &body)
	}
	if err == nil {
		old, err = s.replaceApplication(r.Context(), old, body.Application, Application{}, "")
	}
	s.replyApplication(w, r, old, err)
}

// patchApplication answers PATCH /api/application/{applicationId}.
func (s *Server) patchApplication(w http.ResponseWriter, r *http.Request, sc scope) {
	a, err := applicationInScope(s.db, r, sc)
	var patch []byte
	if err == nil {
		patch, err = fusion.ReadBody(w, r)
	}
	if err == nil {
		a, err = s.applyToApplication(r, a, patch)
	}
	s.replyApplication(w, r, a, err)
}

// applyToApplication patches what there is when it is written.
func (s *Server) applyToApplication(r *http.Request, a application, patch []byte) (application, error) {
	for {
		shown, odd := a.patchable()
		text, err := jsonpatch.Apply(fusion.MediaType(r), patch, "application", shown)
		var body applicationBody
		if err == nil {
			err = fusion.DecodeJSON(text, &body)
		}
		if err != nil {
			return a, err
		}
		made, err := s.replaceApplication(r.Context(), a, body.Application, odd, fmt.Sprintf(` AND last_update_instant = %d`, a.updated))
		if !errors.Is(err, ErrNotFound) {
			return made, err
		}
		if a, err = readApplication(r.Context(), s.db, a.ID); err != nil {
			return a, err
		}
	}
}

// replaceApplication writes what the request says, and, where it says nothing of them, the lifetimes that are odd, if a condition of ours holds.
func (s *Server) replaceApplication(ctx context.Context, old application, j applicationJSON, odd Application, condition string) (application, error) {
	settings, err := j.settings()
	if err != nil {
		return old, err
	}
	settings.RefreshTokenTTL = cmp.Or(settings.RefreshTokenTTL, odd.RefreshTokenTTL)
	settings.RefreshTokenMaxTTL = cmp.Or(settings.RefreshTokenMaxTTL, odd.RefreshTokenMaxTTL)
	settings.ID = old.ID
	if settings.TenantID == "" {
		settings.TenantID = old.TenantID
	}
	err = s.storeApplication(ctx, settings, s.secrets.newClientSecretDigest(settings), `UPDATE applications `+keepSecret+` WHERE id = $1 AND tenant_id = $2`+condition)
	if errors.Is(err, ErrNotFound) && !strings.EqualFold(settings.TenantID, old.TenantID) {
		err = errOtherTenant
	}
	if err != nil {
		return old, err
	}
	return readApplication(ctx, s.db, old.ID)
}

// deleteApplication answers DELETE /api/application/{applicationId}: switched off, or, with hardDelete=true, gone with its registrations and refresh tokens.
func (s *Server) deleteApplication(w http.ResponseWriter, r *http.Request, sc scope) {
	a, err := applicationInScope(s.db, r, sc)
	var form url.Values
	if err == nil {
		form, err = fusion.Parameters(w, r)
	}
	switch {
	case err != nil:
	case form.Get("hardDelete") == "true":
		err = s.DeleteApplication(r.Context(), a.ID)
	default:
		err = s.SetApplicationActive(r.Context(), a.ID, false)
	}
	if err != nil {
		s.fail(w, r, err)
	}
}
