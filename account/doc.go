// Package account is what users do about their accounts beside logging in: register, prove an
// address, set a new password, and keep a second factor and passkeys. It stands beside the guard of
// an app, and asks the provider in the app's name.
//
//	POST /api/register                {"email", "password", "firstName", "lastName", "remember"}
//	POST /api/verify-email/check      {"id"}, of a mail: 200 {"email"}
//	POST /api/verify-email            {"id", "password"}, of a mail, and of the account
//	POST /api/verify-email/send       {"email"}
//	POST /api/forgot-password         {"email"}
//	POST /api/reset-password/check    {"id"}, of a mail: 200 {"email", "passwordMinLength"}
//	POST /api/reset-password          {"id", "password"}, of a mail: 200 {"passkeys": how many}
//	POST /api/passkey-login/options   {"email"}
//	POST /api/passkey-login           {"credential", "remember"}
//
// and, for users who are logged in:
//
//	POST /api/password                {"currentPassword", "password", "code"}
//	GET  /api/factors
//	POST /api/authenticator/secret
//	POST /api/authenticator           {"password" or "passkey", "secret", "code"}
//	POST /api/authenticator/remove    {"password" or "passkey", "code"}
//	POST /api/recovery-codes          {"password" and "code", or "passkey"}
//	POST /api/passkeys/options        {"password" and "code", or "passkey", "name"}
//	POST /api/passkeys                {"credential"}
//	POST /api/passkeys/{id}/remove    {"password" or "passkey"}
//
// Bodies are JSON, refusals are problems (RFC 9457); docs/http.md has them all. None of these
// routes tells a stranger whether an address has an account, but registration where it is open and
// not verified. Whatever makes a new way to log in, or takes a factor from one, asks for the
// password again, or for a passkey: what navigator.credentials.get has signed for the options of a
// login (ASVS V7.5.1). A proof is good for its one request. Where a login asks for a code, what
// would get round that asks for one as well, of the authenticator or a recovery code: without it
// the answer is 409 two_factor_required. A code is used up by the request that brings it, whatever
// the answer.
package account
