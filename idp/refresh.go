package idp

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

type refreshRequest struct {
	RefreshToken        string `json:"refreshToken"`
	TimeToLiveInSeconds int64  `json:"timeToLiveInSeconds"`
	EventInfo           struct {
		IPAddress string `json:"ipAddress"`
	} `json:"eventInfo"`
}

type refreshResponse struct {
	Token          string `json:"token"`
	RefreshToken   string `json:"refreshToken"`
	RefreshTokenID string `json:"refreshTokenId"`
}

// refresh answers POST /api/jwt/refresh. The refresh token is the credential. A genuine one that is
// dead is 404, anything else that is not good is 400; a real FusionAuth says 400 to both.
func (s *Server) refresh(w http.ResponseWriter, r *http.Request) error {
	var req refreshRequest
	if err := fusion.Decode(w, r, &req); err != nil {
		return err
	}
	answer, err := s.refreshed(r, &req)
	switch {
	case errors.Is(err, errTokenInvalid):
		s.logRefusal(r, err.Error())
		return fusion.Invalid("refreshToken", "invalid", "The refresh token is not good here.")
	case errors.Is(err, errTokenDead):
		s.logRefusal(r, err.Error())
		return ErrNotFound
	case err != nil:
		return err
	}
	return fusion.Reply(w, http.StatusOK, answer)
}

func (s *Server) refreshed(r *http.Request, req *refreshRequest) (refreshResponse, error) {
	ctx := r.Context()
	g, err := s.refreshTokens.grant(ctx, req.RefreshToken)
	if err != nil {
		return refreshResponse{}, err
	}
	sc, err := headerScope(s.db, r)
	if err != nil {
		return refreshResponse{}, err
	}
	if !sc.covers(g.family.tenantID) || !g.app.AllowTokenRefresh {
		return refreshResponse{}, errTokenInvalid
	}
	ttl, ok := shorterTTL(g.app.AccessTokenTTL, req.TimeToLiveInSeconds)
	if !ok {
		return refreshResponse{}, fusion.Invalid("timeToLiveInSeconds", "invalid", "The life of the token can only be made shorter.")
	}
	successor, g, err := s.refreshTokens.rotate(ctx, g, fusion.Caller(r, req.EventInfo.IPAddress))
	if err != nil {
		return refreshResponse{}, err
	}
	token, err := s.tokens.sign(r.Context(), g.app, s.tokens.refreshed(g, ttl))
	if err != nil {
		return refreshResponse{}, err
	}
	s.log.InfoContext(ctx, "refresh", "refresh_token", g.family.id, "user", g.user.ID, "application", g.app.ID)
	return refreshResponse{token, successor, g.family.id}, nil
}

// logRefusal logs a refresh token that was not good.
func (s *Server) logRefusal(r *http.Request, reason string) {
	s.log.InfoContext(r.Context(), "refresh refused", "reason", reason, "path", r.Pattern, "ip", fusion.Caller(r))
}

// shorterTTL returns the lifetime of a token for which the client asked for so many seconds; 0
// means no wish. It is not ok to ask for more than is configured.
func shorterTTL(configured time.Duration, seconds int64) (ttl time.Duration, ok bool) {
	if seconds == 0 {
		return configured, true
	}
	if seconds < 0 || seconds > int64(configured/time.Second) {
		return 0, false
	}
	return time.Duration(seconds) * time.Second, true
}

// refreshed returns the claims of the user and the registration as they are now, with the time of
// the login.
func (t accessTokens) refreshed(g grant, ttl time.Duration) claims {
	c := t.claims(&g.user, g.app.ID, ttl)
	c.AuthenticationType = authenticatedByRefreshToken
	c.AuthenticatedAt = g.family.Began.Unix()
	c.RefreshTokenID = g.family.id
	c.Scope = strings.Join(g.family.scopes, " ")
	return c
}
