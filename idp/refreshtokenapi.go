package idp

import (
	"context"
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// refreshTokenJSON is a family as FusionAuth writes it.
type refreshTokenJSON struct {
	ID            string       `json:"id"`
	ApplicationID string       `json:"applicationId"`
	UserID        string       `json:"userId"`
	TenantID      string       `json:"tenantId"`
	InsertInstant int64        `json:"insertInstant"`
	StartInstant  int64        `json:"startInstant"`
	Token         string       `json:"token,omitempty"` // never in an event
	MetaData      metaDataJSON `json:"metaData"`
}

type metaDataJSON struct {
	Device deviceJSON `json:"device"`
	Scopes []string   `json:"scopes"`
}

type deviceJSON struct {
	Name                string `json:"name,omitempty"`
	Description         string `json:"description,omitempty"`
	Type                string `json:"type,omitempty"`
	LastAccessedAddress string `json:"lastAccessedAddress,omitempty"`
	LastAccessedInstant int64  `json:"lastAccessedInstant"`
}

// tokenJSON includes the current value, as FusionAuth does: computed again, since it is not stored.
// The caller has an API key.
func (ts refreshTokens) json(f family, app application) refreshTokenJSON {
	j := f.json()
	j.Token = ts.secrets.refreshToken(f, f.Current(app.tokenPolicy()))
	return j
}

// json is the family without a token.
func (f family) json() refreshTokenJSON {
	return refreshTokenJSON{
		ID: f.id, ApplicationID: f.applicationID, UserID: f.userID, TenantID: f.tenantID,
		InsertInstant: database.Millis(f.Began), StartInstant: database.Millis(f.Began),
		MetaData: metaDataJSON{
			Device: deviceJSON{f.device.Name, f.device.Description, f.device.Type, f.device.address, database.Millis(f.Last)},
			Scopes: f.scopes,
		},
	}
}

// getRefreshToken answers GET /api/jwt/refresh/{tokenId}. Dead ones are not shown.
func (s *Server) getRefreshToken(w http.ResponseWriter, r *http.Request, sc scope) error {
	id, err := fusion.ParseID("tokenId", r.PathValue("tokenId"))
	if err != nil {
		return err
	}
	f, app, err := s.refreshTokens.living(r.Context(), id)
	if err != nil {
		return err
	}
	if !sc.covers(f.tenantID) {
		return ErrNotFound
	}
	return fusion.Reply(w, http.StatusOK, struct {
		RefreshToken refreshTokenJSON `json:"refreshToken"`
	}{s.refreshTokens.json(f, app)})
}

func (ts refreshTokens) living(ctx context.Context, id string) (family, application, error) {
	f, err := readFamily(ctx, ts.db, id)
	if err != nil {
		return family{}, application{}, err
	}
	app, err := readApplication(ctx, ts.db, f.applicationID)
	if err != nil {
		return family{}, application{}, err
	}
	if f.Dead(app.tokenPolicy(), ts.now()) {
		return family{}, application{}, ErrNotFound
	}
	return f, app, nil
}

// listRefreshTokens answers GET /api/jwt/refresh?userId=: those of one user.
func (s *Server) listRefreshTokens(w http.ResponseWriter, r *http.Request, sc scope) error {
	id, err := fusion.ParseID("userId", r.URL.Query().Get("userId"))
	if err != nil {
		return err
	}
	if id == "" {
		return fusion.Invalid("userId", "blank", "Say whose refresh tokens.")
	}
	tokens, err := s.refreshTokens.ofUser(r.Context(), id, sc)
	if err != nil {
		return err
	}
	return fusion.Reply(w, http.StatusOK, struct {
		RefreshTokens []refreshTokenJSON `json:"refreshTokens"`
	}{tokens})
}

func (ts refreshTokens) ofUser(ctx context.Context, userID string, sc scope) ([]refreshTokenJSON, error) {
	families, err := familiesOf(ctx, ts.db, userID)
	if err != nil {
		return nil, err
	}
	var tokens []refreshTokenJSON
	apps := make(map[string]application)
	for _, f := range families {
		app, known := apps[f.applicationID]
		if !known {
			if app, err = readApplication(ctx, ts.db, f.applicationID); err != nil {
				return nil, err
			}
			apps[f.applicationID] = app
		}
		if !f.Dead(app.tokenPolicy(), ts.now()) && sc.covers(f.tenantID) {
			tokens = append(tokens, ts.json(f, app))
		}
	}
	return tokens, nil
}
