package forums

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/latchkey-dev/latchkey/internal/jws"
	"github.com/latchkey-dev/latchkey/internal/wire"
)

// A member is the user that the gateway names.
type member struct {
	id, name string
}

// members verifies the header Latchkey-User: a JWT that the gateway signs for each request.
type members struct {
	key    []byte
	origin string
	now    func() time.Time
}

var noMember = wire.Of(wire.CodeLoginRequired)

// only lets members through to next. The gateway has required a login before; this is for requests
// that bypass it.
func (m *members) only(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := m.check(r.Header.Values("Latchkey-User"))
		if err != nil {
			noMember.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), memberKey{}, who)))
	})
}

func (m *members) check(header []string) (member, error) {
	if len(header) != 1 || !jws.Canonical(header[0]) {
		return member{}, errors.New("want one header with a compact JWT")
	}
	token, err := jwt.ParseSigned(header[0], []jose.SignatureAlgorithm{jose.HS256})
	if err != nil {
		return member{}, err
	}
	var claims jwt.Claims
	var names struct {
		Name     string `json:"name"`
		Username string `json:"preferred_username"`
	}
	if err := token.Claims(m.key, &claims, &names); err != nil {
		return member{}, err
	}
	expected := jwt.Expected{Issuer: "latchkey", AnyAudience: jwt.Audience{m.origin}, Time: m.now()}
	if err := claims.ValidateWithLeeway(expected, 5*time.Second); err != nil {
		return member{}, err
	}
	if claims.Subject == "" || claims.Expiry == nil {
		return member{}, errors.New("sub or exp is missing")
	}
	return member{id: claims.Subject, name: authorName(names.Name, names.Username)}, nil
}

type memberKey struct{}

// reader is the logged-in user: the handlers are behind members.only.
func reader(r *http.Request) member {
	who, _ := r.Context().Value(memberKey{}).(member)
	return who
}
