package idp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

type loginRequest struct {
	ApplicationID string   `json:"applicationId"`
	LoginID       string   `json:"loginId"`
	LoginIDTypes  []string `json:"loginIdTypes"`
	Password      string   `json:"password"`
	OneTime       ticket   `json:"oneTimePassword"` // instead of loginId and password
	NoJWT         bool     `json:"noJWT"`
	Trust         ticket   `json:"twoFactorTrustId"`
	IPAddress     string   `json:"ipAddress"`
	EventInfo     struct {
		IPAddress string `json:"ipAddress"`
	} `json:"eventInfo"`
	MetaData struct {
		Device device `json:"device"`
	} `json:"metaData"`

	passed  bool   // no code is needed: one was given, or the computer is trusted
	trustID ticket // goes into the answer
}

type loginResponse struct {
	Token                  string    `json:"token,omitempty"`
	TokenExpirationInstant int64     `json:"tokenExpirationInstant,omitzero"`
	RefreshToken           string    `json:"refreshToken,omitempty"`
	RefreshTokenID         string    `json:"refreshTokenId,omitempty"`
	TwoFactorTrustID       ticket    `json:"twoFactorTrustId,omitempty"`
	User                   *userJSON `json:"user,omitempty"`
}

// login answers POST /api/login: API key, request, tenant and application,
// password, and only then what stands in the user's way.
func (s *Server) login(w http.ResponseWriter, r *http.Request, sc scope) {
	var req loginRequest
	if err := fusion.Decode(w, r, &req); err != nil {
		s.fail(w, r, err)
		return
	}
	req.MetaData.Device.address = fusion.Caller(r, req.IPAddress, req.EventInfo.IPAddress)
	tenantID, app, err := s.loginTarget(r.Context(), sc, &req)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	u, err := s.authenticate(r.Context(), tenantID, &req)
	if err == nil {
		req.passed, err = s.trusted(r.Context(), &u, req.Trust)
	}
	if err != nil {
		s.logLogin(r.Context(), &req, "", http.StatusNotFound, err)
		s.fail(w, r, err)
		return
	}
	s.finishLogin(w, r, u, app, &req)
}

// finishLogin answers a login of which the password, or a passkey, was right.
func (s *Server) finishLogin(w http.ResponseWriter, r *http.Request, u User, app application, req *loginRequest) {
	t, err := readTenant(r.Context(), s.db, u.TenantID)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	status := loginStatus(&u, t, req, s.now())
	s.logLogin(r.Context(), req, u.ID, status, nil)
	s.answerLogin(w, r, status, &u, app, req)
}

// loginTarget checks the request and finds the tenant and the application that
// it is about. No application is a login all the same.
func (s *Server) loginTarget(ctx context.Context, sc scope, req *loginRequest) (tenantID string, app application, err error) {
	var wrong ValidationError
	if req.LoginID == "" && req.OneTime == "" {
		wrong = append(wrong, fusion.Invalid("loginId", "blank", "Say who wants to log in.")...)
	}
	if req.Password == "" && req.OneTime == "" {
		wrong = append(wrong, fusion.Invalid("password", "blank", "Give the password.")...)
	}
	if len(req.LoginIDTypes) == 0 {
		req.LoginIDTypes = []string{loginIDEmail, loginIDUsername}
	}
	for _, t := range req.LoginIDTypes {
		if !slices.Contains([]string{loginIDEmail, loginIDUsername, loginIDPhone}, t) {
			wrong = append(wrong, fusion.Invalid("loginIdTypes", "invalid", "The types are email, username and phoneNumber.")...)
			break
		}
	}
	id, err := fusion.ParseID("applicationId", req.ApplicationID)
	if err != nil {
		wrong = append(wrong, err.(ValidationError)...)
	}
	if wrong != nil {
		return "", application{}, wrong
	}
	if req.ApplicationID = id; id == "" {
		if sc != "" {
			return string(sc), application{}, nil
		}
		tenantID, err = soleTenant(ctx, s.db)
		return tenantID, application{}, err
	}
	app, err = readApplication(ctx, s.db, id)
	if errors.Is(err, ErrNotFound) || err == nil && (!app.active || !sc.covers(app.TenantID)) {
		return "", application{}, fusion.Invalid("applicationId", "invalid", "There is no such application.")
	}
	return app.TenantID, app, err
}

// authenticate returns the user whose password this is, or ErrNotFound. An
// unknown user costs as much time as a wrong password (ASVS V6.3.8).
func (s *Server) authenticate(ctx context.Context, tenantID string, req *loginRequest) (User, error) {
	if req.OneTime != "" {
		u, err := s.holder(ctx, forOneLogin, req.OneTime)
		if err == nil && u.TenantID != tenantID {
			err = ErrNotFound
		}
		return u, err
	}
	u, err := userByLoginID(ctx, s.db, tenantID, req.LoginID, req.LoginIDTypes)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return User{}, err
	}
	t, err := readTenant(ctx, s.db, tenantID)
	if err != nil {
		return User{}, err
	}
	err = s.locking(ctx, t.Lockout, s.secrets.failureSubject(&u, tenantID, req.LoginID), func() error { return s.verifyPassword(ctx, &u, t, req.Password) })
	var locked *lockedError
	switch {
	case errors.As(err, &locked): // costs as much: a lock begins for the account that there is, and not for one that a stranger has just registered
		if _, _, busy := s.hasher.Verify(ctx, "", req.Password); busy != nil {
			return u, fmt.Errorf("verify password: %w", busy)
		}
	case errors.Is(err, ErrNotFound):
		s.loginFailed(ctx, u.ID, req)
	}
	return u, err
}

// verifyPassword returns ErrNotFound where the password is wrong. A right one takes as long where the tenant gates the user: whoever registers somebody else's address with a
// password of their own, and logs in with it, would else learn whether the address had an account before.
func (s *Server) verifyPassword(ctx context.Context, u *User, t Tenant, password string) error {
	s.coverRefusals(ctx)
	verify := s.hasher.Verify
	if t.gates(u) {
		verify = s.hasher.VerifyOfRefused
	}
	ok, renewed, err := verify(ctx, u.passwordHash, password)
	if err != nil {
		return fmt.Errorf("verify password: %w", err)
	}
	if !ok {
		return ErrNotFound
	}
	if renewed != "" {
		s.replaceHash(ctx, u, renewed)
	}
	return nil
}

// Statuses of FusionAuth's that HTTP has no names for.
const (
	statusPasswordChangeRequired = 203
	statusUnverified             = 212
	statusTwoFactor              = 242
)

// loginStatus says what becomes of a login whose password was right. A real
// FusionAuth answers 423 and 410 before it looks at the password, and so tells
// strangers which accounts are locked; here only the owner learns it.
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

func (s *Server) answerLogin(w http.ResponseWriter, r *http.Request, status int, u *User, app application, req *loginRequest) {
	switch status {
	case http.StatusOK, http.StatusAccepted:
		answer, err := s.admit(r.Context(), status, u, app, req)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		answer.TwoFactorTrustID = req.trustID
		fusion.Reply(w, status, answer)
	case statusTwoFactor:
		fusion.Reply(w, status, twoFactorChallenge{s.ticket(forSecondFactor, u, secondFactorTTL), u.twoFactorMethods()})
	case statusPasswordChangeRequired:
		fusion.Reply(w, status, passwordChangeResponse{s.ticket(forChange, u, changeTTL), u.PasswordChangeReason, req.trustID})
	case statusUnverified:
		j := u.json()
		fusion.Reply(w, status, loginResponse{TwoFactorTrustID: req.trustID, User: &j})
	default:
		w.WriteHeader(status)
	}
}

func (s *Server) logLogin(ctx context.Context, req *loginRequest, userID string, status int, err error) {
	attrs := []slog.Attr{
		slog.Int("status", status), slog.String("application", req.ApplicationID), slog.String("ip", req.MetaData.Device.address),
	}
	switch {
	case userID != "":
		attrs = append(attrs, slog.String("user", userID))
		s.log.LogAttrs(ctx, slog.LevelInfo, "login", attrs...)
	case errors.Is(err, ErrNotFound):
		attrs = append(attrs, slog.String("login_id_hash", s.secrets.loginIDHash(req.LoginID)))
		s.log.LogAttrs(ctx, slog.LevelInfo, "login failed", attrs...)
	}
}
