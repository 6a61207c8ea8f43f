package wire

import (
	"net/http"
	"time"
)

// The codes of docs/http.md. They do not change between versions.
const (
	CodeBadRequest               = "bad_request"
	CodeInvalidCredentials       = "invalid_credentials"
	CodeInvalidCode              = "invalid_code"
	CodePasskeyRefused           = "passkey_refused"
	CodeLoginRequired            = "login_required"
	CodeReauthenticationRequired = "reauthentication_required"
	CodeDeviceProofRequired      = "device_proof_required"
	CodeRoleRequired             = "role_required"
	CodeNotRegistered            = "not_registered"
	CodeEmailNotVerified         = "email_not_verified"
	CodeAccountLocked            = "account_locked"
	CodeLoginPrevented           = "login_prevented"
	CodeCrossOrigin              = "cross_origin"
	CodeNotFound                 = "not_found"
	CodeNotLoggedIn              = "not_logged_in"
	CodeLinkInvalid              = "link_invalid"
	CodeMethodNotAllowed         = "method_not_allowed"
	CodeRequestTimeout           = "request_timeout"
	CodeTwoFactorRequired        = "two_factor_required"
	CodePasswordChangeRequired   = "password_change_required"
	CodeEmailTaken               = "email_taken"
	CodeAuthenticatorExists      = "authenticator_exists"
	CodePayloadTooLarge          = "payload_too_large"
	CodeUnsupportedMediaType     = "unsupported_media_type"
	CodeMisdirectedRequest       = "misdirected_request"
	CodeEmailRefused             = "email_refused"
	CodeSecretRefused            = "secret_refused"
	CodePasswordRefused          = "password_refused"
	CodeTooManyAttempts          = "too_many_attempts"
	CodeHeadersTooLarge          = "headers_too_large"
	CodeInternalError            = "internal_error"
	CodeMethodUnknown            = "method_unknown"
	CodeUpstreamUnavailable      = "upstream_unavailable"
	CodeProviderUnavailable      = "provider_unavailable"
	CodeDeviceProofDelayed       = "device_proof_delayed"
	CodeLogoutIncomplete         = "logout_incomplete"
	CodeUpstreamTimeout          = "upstream_timeout"
	CodeVersionNotSupported      = "version_not_supported"
)

// RetrySoon is the Retry-After of a failure that will probably pass soon.
const RetrySoon = 2 * time.Second

// retryProof is the Retry-After where a browser may not sign for a while: it counts its signatures
// over minutes.
const retryProof = 30 * time.Second

// problems is the only table of statuses and titles.
var problems = map[string]Problem{
	CodeBadRequest:               {Status: http.StatusBadRequest, Title: "This request is not what the route expects."},
	CodeInvalidCredentials:       {Status: http.StatusUnauthorized, Title: "The email or the password is wrong."},
	CodeInvalidCode:              {Status: http.StatusUnauthorized, Title: "The code is wrong or has been used."},
	CodePasskeyRefused:           {Status: http.StatusUnauthorized, Title: "This passkey does not open an account here."},
	CodeLoginRequired:            {Status: http.StatusUnauthorized, Title: "This needs a login."},
	CodeReauthenticationRequired: {Status: http.StatusUnauthorized, Title: "This needs a recent login."},
	CodeDeviceProofRequired:      {Status: http.StatusUnauthorized, Title: "This browser could not show that the login is its own."},
	CodeRoleRequired:             {Status: http.StatusForbidden, Title: "This account does not have the role that this needs."},
	CodeNotRegistered:            {Status: http.StatusForbidden, Title: "This account is not registered for this app."},
	CodeEmailNotVerified:         {Status: http.StatusForbidden, Title: "The email address has not been verified yet."},
	CodeAccountLocked:            {Status: http.StatusForbidden, Title: "This account is locked."},
	CodeLoginPrevented:           {Status: http.StatusForbidden, Title: "This account cannot log in at present."},
	CodeCrossOrigin:              {Status: http.StatusForbidden, Title: "The request came from another origin."},
	CodeNotFound:                 {Status: http.StatusNotFound, Title: "There is nothing here."},
	CodeNotLoggedIn:              {Status: http.StatusNotFound, Title: "Nobody is logged in."},
	CodeLinkInvalid:              {Status: http.StatusNotFound, Title: "This link has expired or has been used. Ask for a new one."},
	CodeMethodNotAllowed:         {Status: http.StatusMethodNotAllowed, Title: "This route does not support that method."},
	CodeRequestTimeout:           {Status: http.StatusRequestTimeout, Title: "The body of the request came too slowly."},
	CodeTwoFactorRequired:        {Status: http.StatusConflict, Title: "A second factor is needed."},
	CodePasswordChangeRequired:   {Status: http.StatusConflict, Title: "The password must be changed first."},
	CodeEmailTaken:               {Status: http.StatusConflict, Title: "There is an account with this email address already."},
	CodeAuthenticatorExists:      {Status: http.StatusConflict, Title: "There is an authenticator already. Remove it first."},
	CodePayloadTooLarge:          {Status: http.StatusRequestEntityTooLarge, Title: "The request is too large."},
	CodeUnsupportedMediaType:     {Status: http.StatusUnsupportedMediaType, Title: "The request must be JSON."},
	CodeMisdirectedRequest:       {Status: http.StatusMisdirectedRequest, Title: "No app on this server has that host."},
	CodeEmailRefused:             {Status: http.StatusUnprocessableEntity, Title: "This email address cannot be used."},
	CodeSecretRefused:            {Status: http.StatusUnprocessableEntity, Title: "This cannot be the secret of an authenticator."},
	CodePasswordRefused:          {Status: http.StatusUnprocessableEntity, Title: "The new password was not accepted."},
	CodeTooManyAttempts:          {Status: http.StatusTooManyRequests, Title: "Too many attempts. Try again later."},
	CodeHeadersTooLarge:          {Status: http.StatusRequestHeaderFieldsTooLarge, Title: "The headers of the request are too large."},
	CodeInternalError:            {Status: http.StatusInternalServerError, Title: "Something went wrong on our side."},
	CodeMethodUnknown:            {Status: http.StatusNotImplemented, Title: "This server does not know that method."},
	CodeUpstreamUnavailable:      {Status: http.StatusBadGateway, RetryAfter: RetrySoon, Title: "The app cannot be reached just now. Try again shortly."},
	CodeProviderUnavailable:      {Status: http.StatusServiceUnavailable, RetryAfter: RetrySoon, Title: "The login service cannot be reached just now. Try again shortly."},
	CodeDeviceProofDelayed:       {Status: http.StatusServiceUnavailable, RetryAfter: retryProof, Title: "This browser cannot show just now that the login is its own. Try again shortly."},
	CodeLogoutIncomplete:         {Status: http.StatusServiceUnavailable, RetryAfter: RetrySoon, Title: "This browser is logged out. The server could not store that yet and keeps trying."},
	CodeUpstreamTimeout:          {Status: http.StatusGatewayTimeout, Title: "The app did not answer in time."},
	CodeVersionNotSupported:      {Status: http.StatusHTTPVersionNotSupported, Title: "This server needs HTTP/1.1 or newer."},
}

// Known reports whether docs/http.md has the code.
func Known(code string) bool {
	_, known := problems[code]
	return known
}

// Of returns the problem of a code, with its status and title. A code that is not Known becomes
// internal_error.
func Of(code string) Problem {
	p, known := problems[code]
	if !known {
		return Of(CodeInternalError)
	}
	p.Code = code
	return p
}

// BadRequest is the problem of a request that is not what the route expects. The detail says what
// is wrong with it, and quotes no value.
func BadRequest(detail string) Problem {
	p := Of(CodeBadRequest)
	p.Detail = detail
	return p
}
