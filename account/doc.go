// Package account has the routes for users' accounts beyond the login: register, verify an address,
// set a new password, and manage a second factor and passkeys. It works beside the guard of an app,
// and calls the provider on behalf of the app.
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
// and, for logged-in users:
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
// Bodies are JSON, refusals are problems (RFC 9457); docs/http.md lists them. None of these routes
// reveals to a stranger whether an address has an account, except registration without
// verification. Whatever adds a way to log in, or removes a factor from one, asks for the password
// again, or for a passkey: what navigator.credentials.get has signed for the options of a login
// (ASVS V7.5.1). A proof is valid for one request. If a login needs a code, what could bypass the
// code needs one as well, of the authenticator or a recovery code: without it the answer is 409
// two_factor_required. A code is used up by the request that brings it, whatever the answer.
package account
