package idp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/jsonpatch"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
)

type applicationBody struct {
	Application applicationJSON `json:"application"`
}

// replyApplication shows an application with its roles, and the client secret if it was just
// created.
func (s *Server) replyApplication(w http.ResponseWriter, r *http.Request, a application) error {
	j := a.json()
	var err error
	if j.Roles, err = readRoles(r.Context(), s.db, a.ID); err != nil {
		return err
	}
	j.OAuthConfiguration.ClientSecret = a.ClientSecret
	return fusion.Reply(w, http.StatusOK, applicationBody{j})
}

// getApplication answers GET /api/application/{applicationId}.
func (s *Server) getApplication(w http.ResponseWriter, r *http.Request, sc scope) error {
	a, err := applicationInScope(s.db, r, sc)
	if err != nil {
		return err
	}
	return s.replyApplication(w, r, a)
}

// listApplications answers GET /api/application: the active ones, or, with inactive=true, the
// others.
func (s *Server) listApplications(w http.ResponseWriter, r *http.Request, sc scope) error {
	all, err := applicationsIn(r.Context(), s.db, sc, r.URL.Query().Get("inactive") != "true")
	if err != nil {
		return err
	}
	return fusion.Reply(w, http.StatusOK, struct {
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

// createApplication answers POST /api/application[/{applicationId}]. If the request has no client
// secret, one is created; the answer shows it, once.
func (s *Server) createApplication(w http.ResponseWriter, r *http.Request, sc scope) error {
	var body applicationBody
	if err := fusion.Decode(w, r, &body); err != nil {
		return err
	}
	a, err := s.createApplicationFrom(r.Context(), sc, body.Application, r.PathValue("applicationId"))
	if err != nil {
		return err
	}
	return s.replyApplication(w, r, a)
}

func (s *Server) createApplicationFrom(ctx context.Context, sc scope, j applicationJSON, pathID string) (application, error) {
	settings, err := j.settings()
	if err != nil {
		return application{}, err
	}
	if settings.ID, err = newID("application.id", cmp.Or(pathID, settings.ID)); err != nil {
		return application{}, err
	}
	if settings.TenantID, err = tenantOfRequest(ctx, s.db, sc, "application.tenantId", settings.TenantID); err != nil {
		return application{}, err
	}
	settings.ClientSecret = cmp.Or(settings.ClientSecret, freshSecret())
	for i := range j.Roles {
		if j.Roles[i], err = j.Roles[i].checked(fmt.Sprintf("application.roles[%d]", i)); err != nil {
			return application{}, err
		}
	}
	digest := s.secrets.clientSecretDigest(settings.ID, settings.ClientSecret)
	err = s.storeApplication(ctx, settings, digest, insertApplication+` ON CONFLICT (id) DO NOTHING`, j.Roles...)
	if errors.Is(err, ErrNotFound) {
		return application{}, fusion.Invalid("application.id", "duplicate", "This one is taken.")
	}
	if err != nil {
		return application{}, err
	}
	created, err := readApplication(ctx, s.db, settings.ID)
	created.ClientSecret = settings.ClientSecret
	return created, err
}

// putApplication answers PUT /api/application/{applicationId}: as the body says, or, with
// reactivate=true, active again. Without a client secret in the body, the old one stays.
func (s *Server) putApplication(w http.ResponseWriter, r *http.Request, sc scope) error {
	old, err := applicationInScope(s.db, r, sc)
	if err != nil {
		return err
	}
	if r.URL.Query().Get("reactivate") == "true" {
		if err := s.SetApplicationActive(r.Context(), old.ID, true); err != nil {
			return err
		}
		old.active = true
		return s.replyApplication(w, r, old)
	}
	var body applicationBody
	if err := fusion.Decode(w, r, &body); err != nil {
		return err
	}
	a, err := s.replaceApplication(r.Context(), old, body.Application, Application{}, "")
	if err != nil {
		return err
	}
	return s.replyApplication(w, r, a)
}

// patchApplication answers PATCH /api/application/{applicationId}.
func (s *Server) patchApplication(w http.ResponseWriter, r *http.Request, sc scope) error {
	old, err := applicationInScope(s.db, r, sc)
	if err != nil {
		return err
	}
	patch, err := fusion.ReadBody(w, r)
	if err != nil {
		return err
	}
	a, err := s.applyToApplication(r, old, patch)
	if err != nil {
		return err
	}
	return s.replyApplication(w, r, a)
}

// applyToApplication patches the application as it is when it is written.
func (s *Server) applyToApplication(r *http.Request, a application, patch []byte) (application, error) {
	for {
		shown, odd := a.patchable()
		text, err := jsonpatch.Apply(fusion.MediaType(r), patch, "application", shown)
		if err != nil {
			return application{}, err
		}
		var body applicationBody
		if err := fusion.DecodeJSON(text, &body); err != nil {
			return application{}, err
		}
		patched, err := s.replaceApplication(r.Context(), a, body.Application, odd, fmt.Sprintf(` AND last_update_instant = %d`, a.updated))
		if !errors.Is(err, ErrNotFound) {
			return patched, err
		}
		if a, err = readApplication(r.Context(), s.db, a.ID); err != nil {
			return application{}, err
		}
	}
}

// replaceApplication writes what the request says if a condition of ours holds. For lifetimes of
// which the request says nothing it keeps those of odd, which FusionAuth's units cannot express.
func (s *Server) replaceApplication(ctx context.Context, old application, j applicationJSON, odd Application, condition string) (application, error) {
	settings, err := j.settings()
	if err != nil {
		return application{}, err
	}
	settings.RefreshTokenTTL = cmp.Or(settings.RefreshTokenTTL, odd.RefreshTokenTTL)
	settings.RefreshTokenMaxTTL = cmp.Or(settings.RefreshTokenMaxTTL, odd.RefreshTokenMaxTTL)
	settings.ID = old.ID
	settings.TenantID = cmp.Or(settings.TenantID, old.TenantID)
	statement := `UPDATE applications ` + keepSecret + ` WHERE id = $1 AND tenant_id = $2` + condition
	err = s.storeApplication(ctx, settings, s.secrets.newClientSecretDigest(settings), statement)
	if errors.Is(err, ErrNotFound) && !strings.EqualFold(settings.TenantID, old.TenantID) {
		return application{}, errOtherTenant
	}
	if err != nil {
		return application{}, err
	}
	return readApplication(ctx, s.db, old.ID)
}

// deleteApplication answers DELETE /api/application/{applicationId}: inactive from now on, or, with
// hardDelete=true, gone with its registrations and refresh tokens.
func (s *Server) deleteApplication(w http.ResponseWriter, r *http.Request, sc scope) error {
	a, err := applicationInScope(s.db, r, sc)
	if err != nil {
		return err
	}
	form, err := fusion.Parameters(w, r)
	if err != nil {
		return err
	}
	if form.Get("hardDelete") == "true" {
		return s.outbox.Write(r.Context(), fusion.Caller(r), func(tx *outbox.Tx) error { return removeApplication(r.Context(), tx, a.ID) })
	}
	return s.SetApplicationActive(r.Context(), a.ID, false)
}
