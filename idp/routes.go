package idp

import (
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/internal/crash"
)

// methods are the handlers of one path.
type methods map[string]http.HandlerFunc

// routes is the whole of what is served.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for _, group := range s.groups() {
		for pattern, m := range group {
			mux.Handle(pattern, m)
		}
	}
	fusion.HandleNotBuilt(mux)
	mux.HandleFunc("/", notFound)
	return s.guarded(mux)
}

// groups are the routes by what they are for.
func (s *Server) groups() []map[string]methods {
	return []map[string]methods{s.loginRoutes(), s.accountRoutes(), s.passkeyRoutes(), s.userRoutes(), s.applicationRoutes(), s.keyRoutes(), s.signingKeyRoutes(), s.systemRoutes(), s.tokenRoutes(), s.webhookRoutes()}
}

// userRoutes are for the administration of users.
func (s *Server) userRoutes() map[string]methods {
	user := methods{
		"GET": s.keyed("/api/user", s.getUser), "POST": s.keyed("/api/user", s.createUser), "PUT": s.keyed("/api/user", s.putUser),
		"PATCH": s.keyed("/api/user", s.patchUser), "DELETE": s.keyed("/api/user", s.deleteUser),
	}
	const registration = "/api/user/registration"
	change, remove := s.keyed(registration, s.putRegistration), s.keyed(registration, s.deleteRegistration)
	return map[string]methods{
		"/api/user":          {"GET": s.findUser(), "POST": s.keyed("/api/user", s.createUser)},
		"/api/user/{userId}": user,
		"/api/user/search":   {"GET": s.keyed("/api/user/search", s.usersByIDs), "POST": s.keyed("/api/user/search", s.searchUsers)},
		"/api/user/import":   {"POST": s.keyed("/api/user/import", s.importUsers)},
		registration:         {"POST": s.keyed(registration, s.register)},
		registration + "/{userId}": {
			"POST": s.keyed(registration, s.register), "PUT": change, "PATCH": change, "DELETE": remove,
		},
		registration + "/{userId}/{applicationId}": {
			"GET": s.keyed(registration, s.getRegistration), "PUT": change, "PATCH": change, "DELETE": remove,
		},
	}
}

// loginRoutes are for logging in and what follows from it.
func (s *Server) loginRoutes() map[string]methods {
	return map[string]methods{
		"/api/login": {
			"POST": s.keyed("/api/login", s.login),
		},
		"/api/jwt/refresh": {
			"POST":   s.answering(s.refresh),
			"GET":    s.keyed("/api/jwt/refresh", s.listRefreshTokens),
			"DELETE": s.answering(s.revokeRefreshTokens),
		},
		"/api/jwt/refresh/{tokenId}": {
			"GET":    s.keyed("/api/jwt/refresh", s.getRefreshToken),
			"DELETE": s.answering(s.revokeRefreshTokens),
		},
		"/api/logout": {
			"POST": s.answering(s.logout),
		},
		"/api/status": {
			"GET": s.answering(s.status),
		},
		"/oauth2/token": {
			"POST": s.answeringOAuth(s.token),
		},
	}
}

// accountRoutes are for what users do about their accounts.
func (s *Server) accountRoutes() map[string]methods {
	const verify, factor, recovery = "/api/user/verify-email", "/api/user/two-factor", "/api/user/two-factor/recovery-code"
	return map[string]methods{
		"/api/user/change-password":                    {"POST": s.answering(s.changePassword)},
		"/api/user/change-password/{changePasswordId}": {"GET": s.answering(s.checkChange), "POST": s.answering(s.changePassword)},
		"/api/user/forgot-password":                    {"POST": s.keyed("/api/user/forgot-password", s.forgotPassword)},
		verify:                                         {"POST": s.answering(s.verifyEmail), "PUT": s.keyed(verify, s.resendVerification)},
		verify + "/{verificationId}":                   {"POST": s.answering(s.verifyEmail)},
		"/api/two-factor/login":                        {"POST": s.answering(s.twoFactorLogin)},
		"/api/two-factor/secret":                       {"GET": s.keyed("/api/two-factor/secret", s.newSecret)},
		factor + "/{userId}":                           {"POST": s.keyed(factor, s.enableTwoFactor), "DELETE": s.keyed(factor, s.disableTwoFactor)},
		recovery + "/{userId}":                         {"POST": s.keyed(recovery, s.replaceRecoveryCodes)},
	}
}

// passkeyRoutes are for logins with a key that a device holds.
func (s *Server) passkeyRoutes() map[string]methods {
	const passkey = "/api/webauthn"
	return map[string]methods{
		passkey:                        {"GET": s.keyed(passkey, s.listPasskeys), "DELETE": s.keyed(passkey, s.deletePasskeys)},
		passkey + "/{id}":              {"GET": s.keyed(passkey, s.getPasskey), "DELETE": s.keyed(passkey, s.deletePasskey)},
		passkey + "/register/start":    {"POST": s.keyed(passkey+"/register/start", s.startPasskey)},
		passkey + "/register/complete": {"POST": s.keyed(passkey+"/register/complete", s.completePasskey)},
		passkey + "/start":             {"POST": s.keyed(passkey+"/start", s.startPasskeyLogin)},
		passkey + "/login":             {"POST": s.keyed(passkey+"/login", s.passkeyLogin)},
	}
}

// applicationRoutes are for the administration of applications and tenants.
func (s *Server) applicationRoutes() map[string]methods {
	const application, tenant, role = "/api/application", "/api/tenant", "/api/application/role"
	writeRole, removeRole := s.keyed(role, s.writeRole), s.keyed(role, s.removeRole)
	return map[string]methods{
		application: {"GET": s.keyed(application, s.listApplications), "POST": s.keyed(application, s.createApplication)},
		application + "/{applicationId}": {
			"GET": s.keyed(application, s.getApplication), "POST": s.keyed(application, s.createApplication), "PUT": s.keyed(application, s.putApplication),
			"PATCH": s.keyed(application, s.patchApplication), "DELETE": s.keyed(application, s.deleteApplication),
		},
		application + "/{applicationId}/role":          {"POST": writeRole, "DELETE": removeRole},
		application + "/{applicationId}/role/{roleId}": {"POST": writeRole, "PUT": writeRole, "PATCH": writeRole, "DELETE": removeRole},
		tenant: {"GET": s.keyed(tenant, s.listTenants), "POST": s.keyed(tenant, s.createTenant)},
		tenant + "/{tenantId}": {
			"GET": s.keyed(tenant, s.getTenant), "POST": s.keyed(tenant, s.createTenant), "PUT": s.keyed(tenant, s.putTenant), "PATCH": s.keyed(tenant, s.patchTenant),
		},
		tenant + "/password-validation-rules":            {"GET": s.answering(s.showPasswordRules)},
		tenant + "/password-validation-rules/{tenantId}": {"GET": s.answering(s.showPasswordRules)},
	}
}

// keyRoutes are for the API keys themselves.
func (s *Server) keyRoutes() map[string]methods {
	const key = "/api/api-key"
	create := s.byKey(key, s.createAPIKey)
	return map[string]methods{
		key: {"POST": create},
		key + "/{keyId}": {
			"GET": s.byKey(key, s.getAPIKey), "POST": create, "PUT": s.byKey(key, s.changeAPIKey), "PATCH": s.byKey(key, s.changeAPIKey), "DELETE": s.byKey(key, s.deleteAPIKey),
		},
	}
}

// systemRoutes say what is served here.
func (s *Server) systemRoutes() map[string]methods {
	const configuration, version = "/api/system-configuration", "/api/system/version"
	return map[string]methods{
		configuration: {"GET": s.keyed(configuration, s.getSystemConfiguration)},
		version:       {"GET": s.keyed(version, s.systemVersion)},
	}
}

// tokenRoutes say what a token is worth, and by which keys.
func (s *Server) tokenRoutes() map[string]methods {
	return map[string]methods{
		"/.well-known/jwks.json":                       {"GET": s.answering(s.jwks)},
		"/.well-known/openid-configuration":            {"GET": s.answering(s.discovery)},
		"/{tenantId}/.well-known/openid-configuration": {"GET": s.answering(s.discovery)},
		"/api/health":         {"GET": s.answering(s.health)},
		"/api/jwt/public-key": {"GET": s.answering(s.publicKey)},
		"/api/jwt/validate":   {"GET": s.answering(s.validateJWT)},
		"/oauth2/introspect":  {"POST": s.answeringOAuth(s.introspect)},
		"/oauth2/revoke":      {"POST": s.answeringOAuth(s.revokeOAuth)},
		"/oauth2/userinfo":    {"GET": s.answeringOAuth(s.userInfo), "POST": s.answeringOAuth(s.userInfo)},
	}
}

// ServeHTTP picks the handler, or answers 405 with nothing in the body.
func (m methods) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet // net/http drops the body
	}
	if h, ok := m[method]; ok {
		h(w, r)
		return
	}
	w.Header().Set("Allow", strings.Join(slices.Sorted(maps.Keys(m)), ", "))
	w.WriteHeader(http.StatusMethodNotAllowed)
}

func notFound(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }

// guarded does what every answer needs. Nothing may be stored on the way, and
// every failure is empty or JSON: FusionAuth's clients trip over the HTML and
// the plain text that net/http would send.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		defer func() {
			if p := recover(); p == http.ErrAbortHandler {
				panic(p)
			} else if p != nil {
				s.log.ErrorContext(r.Context(), "panic", "path", r.Pattern, "error", crash.Of(p))
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		if len(r.Header.Values("Authorization")) > 1 { // two who read it could be of two opinions
			s.fail(w, r, errUnauthorized)
			return
		}
		// The mux would redirect an unclean path, with a page of HTML.
		if path.Clean(r.URL.Path) != r.URL.Path {
			notFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
