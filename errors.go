package latchkey

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"
)

// A Code names an answer that is not a success, in the body of the answer. Codes do not change between versions.
type Code string

// The codes with which a provider refuses. All but CodeInvalidCredentials and CodeTooManyAttempts say something about an account,
// and are allowed only when the password was right (ASVS V6.3.8).
const (
	CodeInvalidCredentials     Code = "invalid_credentials"
	CodeNotRegistered          Code = "not_registered"
	CodeEmailNotVerified       Code = "email_not_verified"
	CodeAccountLocked          Code = "account_locked"
	CodeLoginPrevented         Code = "login_prevented"
	CodeTwoFactorRequired      Code = "two_factor_required"
	CodePasswordChangeRequired Code = "password_change_required"
	CodeInvalidCode            Code = "invalid_code"     // of the second factor
	CodePasswordRefused        Code = "password_refused" // the new one, by the provider's rules
	CodeTooManyAttempts        Code = "too_many_attempts"
	CodeRefreshRefused         Code = "refresh_refused" // the refresh token is dead; ends the session
)

// The guard's own.
const (
	codeNotLoggedIn         Code = "not_logged_in"
	codeLoginRequired       Code = "login_required"
	codeProviderUnavailable Code = "provider_unavailable"
	codeLogoutIncomplete    Code = "logout_incomplete"
	codeCrossOrigin         Code = "cross_origin"
	codeBadRequest          Code = "bad_request"
	codeTooLarge            Code = "payload_too_large"
	codeUnsupportedType     Code = "unsupported_media_type"
	codeMethodNotAllowed    Code = "method_not_allowed"
	codeNotFound            Code = "not_found"
)

// answers is the one table from code to status and words.
var answers = map[Code]struct {
	status int
	title  string
}{
	CodeInvalidCredentials:     {401, "The e-mail or the password is not right."},
	CodeNotRegistered:          {403, "This account is not registered for this app."},
	CodeEmailNotVerified:       {403, "The e-mail address has not been verified yet."},
	CodeAccountLocked:          {403, "This account is locked."},
	CodeLoginPrevented:         {403, "This account may not log in at present."},
	CodeTwoFactorRequired:      {409, "A second factor is needed."},
	CodePasswordChangeRequired: {409, "The password must be changed first."},
	CodeInvalidCode:            {401, "The code is not right, or has been used."},
	CodePasswordRefused:        {422, "The new password is not accepted."},
	CodeTooManyAttempts:        {429, "Too many attempts. Try again later."},
	codeNotLoggedIn:            {404, "Nobody is logged in."},
	codeLoginRequired:          {401, "This needs a login."},
	codeProviderUnavailable:    {503, "The login service cannot be reached just now. Try again shortly."},
	codeLogoutIncomplete:       {503, "This browser is logged out. The end of the session could not be stored yet; the server goes on trying."},
	codeCrossOrigin:            {403, "The request came from another origin."},
	codeBadRequest:             {400, "The request is not what this route expects."},
	codeTooLarge:               {413, "The request is too large."},
	codeUnsupportedType:        {415, "The request must be JSON."},
	codeMethodNotAllowed:       {405, "This route does not answer that method."},
	codeNotFound:               {404, "There is nothing here."},
}

// A problem is an answer in the form of RFC 9457.
type problem struct {
	Title     string    `json:"title"`
	Status    int       `json:"status"`
	Code      Code      `json:"code"`
	Detail    string    `json:"detail,omitempty"`
	EndReason EndReason `json:"endReason,omitempty"` // why the session is over
	Methods   []string  `json:"methods,omitempty"`   // with two_factor_required
	Reason    string    `json:"reason,omitempty"`    // with password_change_required and password_refused

	retryAfter time.Duration
}

// retryAfter is what a 503 asks for where nothing better is known.
const retryAfter = 2 * time.Second

func (p problem) write(w http.ResponseWriter) {
	answer := answers[p.Code]
	p.Title, p.Status = answer.title, answer.status
	if p.retryAfter == 0 && p.Status == http.StatusServiceUnavailable {
		p.retryAfter = retryAfter
	}
	if p.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(p.retryAfter.Seconds()))))
	}
	writeJSON(w, "application/problem+json", p.Status, p)
}

func writeJSON(w http.ResponseWriter, contentType string, status int, body any) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body) // the client is gone if this fails
}
