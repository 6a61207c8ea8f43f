package idp

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// login answers POST /api/login. It checks the API key, the request, the tenant and application,
// the password, and only then whether the user may log in.
func (s *Server) login(w http.ResponseWriter, r *http.Request, sc scope) error {
	var req loginRequest
	if err := fusion.Decode(w, r, &req); err != nil {
		return err
	}
	req.MetaData.Device.address = fusion.Caller(r, req.IPAddress, req.EventInfo.IPAddress)
	tenantID, app, err := loginTarget(r.Context(), s.db, sc, &req)
	if err != nil {
		return err
	}
	u, err := s.authenticate(r.Context(), tenantID, &req)
	if err != nil {
		return err
	}
	if req.passed, err = s.tickets.trusted(r.Context(), &u, req.Trust); err != nil {
		return err
	}
	return s.finishLogin(w, r, u, app, &req)
}

// finishLogin answers a login of which the password, or a passkey, was right.
func (s *Server) finishLogin(w http.ResponseWriter, r *http.Request, u User, app application, req *loginRequest) error {
	t, err := readTenant(r.Context(), s.db, u.TenantID)
	if err != nil {
		return err
	}
	status := loginStatus(&u, t, req, s.now())
	s.logLogin(r.Context(), req, u.ID, status)
	return s.answerLogin(w, r, status, &u, app, req)
}

// loginTarget checks the request and finds the tenant and the application that it is about. A login
// need not name an application.
func loginTarget(ctx context.Context, q database.Queries, sc scope, req *loginRequest) (tenantID string, app application, err error) {
	if err := req.check(); err != nil {
		return "", application{}, err
	}
	if req.ApplicationID == "" {
		tenantID, err = tenantIn(ctx, q, sc)
		return tenantID, application{}, err
	}
	app, err = activeApplication(ctx, q, sc, "applicationId", req.ApplicationID)
	return app.TenantID, app, err
}

// Statuses of FusionAuth's that HTTP has no names for.
const (
	statusPasswordChangeRequired = 203
	statusUnverified             = 212
	statusTwoFactor              = 242
)

// loginStatus says what becomes of a login whose password was right. A real FusionAuth answers 423
// and 410 before it looks at the password, and so reveals to strangers which accounts are locked;
// here only the owner learns it.
func loginStatus(u *User, t Tenant, req *loginRequest, now time.Time) int {
	switch {
	case !u.Active:
		return http.StatusLocked
	case u.expired(now):
		return http.StatusGone
	case u.authenticatorID != "" && !req.passed:
		return statusTwoFactor
	case u.PasswordChangeReason != "":
		return statusPasswordChangeRequired
	case t.gates(u):
		return statusUnverified
	case req.ApplicationID != "" && u.registration(req.ApplicationID) == nil:
		return http.StatusAccepted
	}
	return http.StatusOK
}

func (s *Server) answerLogin(w http.ResponseWriter, r *http.Request, status int, u *User, app application, req *loginRequest) error {
	switch status {
	case http.StatusOK, http.StatusAccepted:
		answer, err := s.issueTokens(r.Context(), status, u, app, req)
		if err != nil {
			return err
		}
		answer.TwoFactorTrustID = req.trustID
		return fusion.Reply(w, status, answer)
	case statusTwoFactor:
		return fusion.Reply(w, status, twoFactorChallenge{s.tickets.issue(forSecondFactor, u, secondFactorTTL), u.twoFactorMethods()})
	case statusPasswordChangeRequired:
		return fusion.Reply(w, status, passwordChangeResponse{s.tickets.issue(forChange, u, changeTTL), u.PasswordChangeReason, req.trustID})
	case statusUnverified:
		j := u.json()
		return fusion.Reply(w, status, loginResponse{TwoFactorTrustID: req.trustID, User: &j})
	}
	w.WriteHeader(status)
	return nil
}

func (s *Server) logLogin(ctx context.Context, req *loginRequest, userID string, status int) {
	s.log.LogAttrs(ctx, slog.LevelInfo, "login", slog.Int("status", status), slog.String("application", req.ApplicationID),
		slog.String("ip", req.MetaData.Device.address), slog.String("user", userID))
}

func (s *Server) logFailedLogin(ctx context.Context, req *loginRequest) {
	s.log.LogAttrs(ctx, slog.LevelInfo, "login failed", slog.Int("status", http.StatusNotFound), slog.String("application", req.ApplicationID),
		slog.String("ip", req.MetaData.Device.address), slog.String("login_id_hash", s.secrets.loginIDHash(req.LoginID)))
}
