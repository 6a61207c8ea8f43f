package idp

import (
	"net/http"
	"strings"
)

// bearerToken returns the JWT of a request that has one in place of an API key. JWT is FusionAuth's
// older scheme.
func bearerToken(r *http.Request) (token string, ok bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return token, scheme == "Bearer" || scheme == "JWT"
}

// bearer returns the JWT of a request, as a header or as FusionAuth's cookie.
func bearer(r *http.Request) string {
	if token, ok := bearerToken(r); ok {
		return token
	}
	if c := r.CookiesNamed("access_token"); len(c) == 1 && r.Header.Get("Authorization") == "" {
		return c[0].Value
	}
	return ""
}
