package idp

import (
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
)

// methods are the handlers of one path.
type methods map[string]http.HandlerFunc

// routes is the whole of what is served.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, m := range map[string]methods{
		"/api/login": {
			"POST": s.keyed("/api/login", s.login),
		},
		"/api/jwt/refresh": {
			"POST":   s.refresh,
			"GET":    s.keyed("/api/jwt/refresh", s.listRefreshTokens),
			"DELETE": s.revokeRefreshTokens,
		},
		"/api/jwt/refresh/{tokenId}": {
			"GET":    s.keyed("/api/jwt/refresh", s.getRefreshToken),
			"DELETE": s.revokeRefreshTokens,
		},
		"/api/logout": {
			"POST": s.logout,
		},
		"/api/status": {
			"GET": s.status,
		},
		"/api/user/{userId}": {
			"GET": s.keyed("/api/user", s.getUser),
		},
		"/api/user/change-password": {
			"POST": s.changePassword,
		},
		"/api/user/change-password/{changePasswordId}": {
			"GET":  s.checkChange,
			"POST": s.changePassword,
		},
		"/oauth2/token": {
			"POST": s.token,
		},
		"/.well-known/jwks.json": {
			"GET": s.jwks,
		},
	} {
		mux.Handle(pattern, m)
	}
	mux.HandleFunc("/", notFound)
	return s.guarded(mux)
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
				s.log.ErrorContext(r.Context(), "panic", "path", r.Pattern, "panic", fmt.Sprintf("%T", p))
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		// The mux would redirect an unclean path, with a page of HTML.
		if path.Clean(r.URL.Path) != r.URL.Path {
			notFound(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
