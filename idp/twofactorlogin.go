package idp

import (
	"context"
	"errors"
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// twoFactorChallenge is the answer to a login that needs a code: 242.
type twoFactorChallenge struct {
	TwoFactorID ticket            `json:"twoFactorId"`
	Methods     []twoFactorMethod `json:"methods"`
}

// trusted reports whether a login comes from a computer that the user declared trusted after giving
// a code on it.
func (ts tickets) trusted(ctx context.Context, u *User, trust ticket) (bool, error) {
	if trust == "" || u.authenticatorID == "" {
		return false, nil
	}
	holder, err := ts.user(ctx, forTrust, trust)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && holder.ID == u.ID, err
}

// twoFactorLogin answers POST /api/two-factor/login: the rest of a login that was answered 242. The
// id of that answer is the credential.
func (s *Server) twoFactorLogin(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		TwoFactorID   ticket `json:"twoFactorId"`
		Code          string `json:"code"`
		TrustComputer bool   `json:"trustComputer"`
		loginRequest
	}
	if err := fusion.Decode(w, r, &req); err != nil {
		return err
	}
	u, err := s.tickets.user(r.Context(), forSecondFactor, req.TwoFactorID)
	if err != nil {
		return err
	}
	if err := s.codes.take(r.Context(), u, req.Code, req.TwoFactorID); err != nil {
		return err
	}
	app, err := optionalApplication(r.Context(), s.db, scope(u.TenantID), req.ApplicationID)
	if err != nil {
		return err
	}
	req.MetaData.Device.address = fusion.Caller(r, req.IPAddress, req.EventInfo.IPAddress)
	req.ApplicationID, req.passed = app.ID, true
	if req.TrustComputer {
		req.trustID = s.tickets.issue(forTrust, &u, trustTTL)
	}
	return s.finishLogin(w, r, u, app, &req.loginRequest)
}
