package idp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
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

// check fills in the default types and the application's id in its canonical form.
func (req *loginRequest) check() error {
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
	unknown := func(t string) bool { return t != loginIDEmail && t != loginIDUsername && t != loginIDPhone }
	if slices.ContainsFunc(req.LoginIDTypes, unknown) {
		wrong = append(wrong, fusion.Invalid("loginIdTypes", "invalid", "The types are email, username and phoneNumber.")...)
	}
	id, err := fusion.ParseID("applicationId", req.ApplicationID)
	if err != nil {
		wrong = append(wrong, err.(ValidationError)...)
	}
	req.ApplicationID = id
	return fusion.OrNil(wrong)
}

// authenticate returns the user who proved their identity, or ErrNotFound.
func (s *Server) authenticate(ctx context.Context, tenantID string, req *loginRequest) (User, error) {
	check := s.checkPassword
	if req.OneTime != "" {
		check = s.checkOneTimePassword
	}
	u, err := check(ctx, tenantID, req)
	if errors.Is(err, ErrNotFound) {
		s.logFailedLogin(ctx, req)
	}
	return u, err
}

func (s *Server) checkOneTimePassword(ctx context.Context, tenantID string, req *loginRequest) (User, error) {
	u, err := s.tickets.user(ctx, forOneLogin, req.OneTime)
	if err != nil {
		return User{}, err
	}
	if u.TenantID != tenantID {
		return User{}, ErrNotFound
	}
	return u, nil
}

// checkPassword returns the user whose password this is, or ErrNotFound. An unknown user costs as
// much time as a wrong password (ASVS V6.3.8).
func (s *Server) checkPassword(ctx context.Context, tenantID string, req *loginRequest) (User, error) {
	u, err := userByLoginID(ctx, s.db, tenantID, req.LoginID, req.LoginIDTypes)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return User{}, err
	}
	t, err := readTenant(ctx, s.db, tenantID)
	if err != nil {
		return User{}, err
	}
	err = s.lockouts.verify(ctx, t.Lockout, s.secrets.failureSubject(&u, tenantID, req.LoginID), func() error { return s.verifyPassword(ctx, &u, t, req.Password) })
	var locked *lockedError
	switch {
	case errors.As(err, &locked):
		// Costs as much: a lock begins for the account that exists, and not for one that a stranger
		// has just registered.
		if _, _, busy := s.hasher.Verify(ctx, "", req.Password); busy != nil {
			return User{}, fmt.Errorf("verify password: %w", busy)
		}
	case errors.Is(err, ErrNotFound) && u.ID != "":
		s.failedLogins.raise(ctx, u.ID, req)
	}
	return u, err
}

// verifyPassword returns ErrNotFound if the password is wrong. A right one takes as long if the
// tenant gates the user: otherwise a stranger who registers somebody else's address with a password
// of their own, and logs in with it, would learn whether the address had an account before.
func (s *Server) verifyPassword(ctx context.Context, u *User, t Tenant, password string) error {
	s.costs.cover(ctx)
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
