package idp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// scope is the tenant that a request is confined to; "" if it may reach any.
type scope string

// covers reports whether an object of the tenant may be seen at all.
func (c scope) covers(tenantID string) bool { return c == "" || string(c) == tenantID }

// headerScope returns the tenant that X-FusionAuth-TenantId names.
func headerScope(q database.Queries, r *http.Request) (scope, error) {
	const header = "X-FusionAuth-TenantId"
	if len(r.Header.Values(header)) > 1 {
		return "", fusion.Invalid(header, "duplicate", "The header is given twice.")
	}
	id, err := fusion.ParseID(header, r.Header.Get(header))
	if err != nil || id == "" {
		return "", err
	}
	_, err = readTenant(r.Context(), q, id)
	if errors.Is(err, ErrNotFound) {
		return "", fusion.Invalid("", "invalid", "X-FusionAuth-TenantId names no tenant.")
	}
	return scope(id), err
}

// tenantIn returns the tenant of a request that names no object: the one that the request is
// confined to, or the only one that exists.
func tenantIn(ctx context.Context, q database.Queries, sc scope) (string, error) {
	if sc != "" {
		return string(sc), nil
	}
	return soleTenant(ctx, q)
}

// soleTenant returns the only tenant. With several, the request has to say which one it means.
func soleTenant(ctx context.Context, q database.Queries) (string, error) {
	var n int
	var id string
	if err := q.QueryRowContext(ctx, `SELECT count(*), min(id) FROM tenants`).Scan(&n, &id); err != nil {
		return "", fmt.Errorf("count tenants: %w", err)
	}
	if n != 1 {
		return "", fusion.Invalid("", "TenantIdRequired", "There are several tenants: name one in X-FusionAuth-TenantId.")
	}
	return id, nil
}

// tenantOfRequest is the tenant of an object that a request creates.
func tenantOfRequest(ctx context.Context, q database.Queries, sc scope, field, named string) (string, error) {
	switch {
	case named != "" && !sc.covers(strings.ToLower(named)):
		return "", fusion.Invalid(field, "invalid", "The request is confined to another tenant.")
	case named != "":
		return named, nil
	}
	return tenantIn(ctx, q, sc)
}

// applicationInScope returns the application that the path names.
func applicationInScope(q database.Queries, r *http.Request, sc scope) (application, error) {
	id, err := fusion.ParseID("applicationId", r.PathValue("applicationId"))
	if err != nil {
		return application{}, err
	}
	a, err := readApplication(r.Context(), q, id)
	if err != nil {
		return application{}, err
	}
	if !sc.covers(a.TenantID) {
		return application{}, ErrNotFound
	}
	return a, nil
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

// userInScope returns the user that the path names.
func userInScope(ctx context.Context, q database.Queries, sc scope, id string) (User, error) {
	id, err := fusion.ParseID("userId", id)
	if err != nil {
		return User{}, err
	}
	u, err := userByID(ctx, q, id)
	if err != nil {
		return User{}, err
	}
	if !sc.covers(u.TenantID) {
		return User{}, ErrNotFound
	}
	return u, nil
}

// tenantInScope returns the tenant that the path names.
func tenantInScope(q database.Queries, r *http.Request, sc scope) (Tenant, error) {
	id, err := fusion.ParseID("tenantId", r.PathValue("tenantId"))
	if err != nil {
		return Tenant{}, err
	}
	if !sc.covers(id) {
		return Tenant{}, ErrNotFound
	}
	return readTenant(r.Context(), q, id)
}
