package dbsc

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// A Credential is the cookie that a refresh renews. Browsers compare the attributes with those of
// the cookie that was set. If they differ, every request waits for a refresh. So take it from the
// cookie, with [CredentialOf].
type Credential struct {
	Name       string
	Attributes string // as in Set-Cookie: Path, Domain, HttpOnly, Secure, SameSite and no others
}

// CredentialOf describes a cookie that the server sets. Its value and its end do not matter.
func CredentialOf(c *http.Cookie) (Credential, error) {
	// The attributes are written by the function that writes Set-Cookie.
	bare := http.Cookie{Name: c.Name, Path: c.Path, Domain: c.Domain, HttpOnly: c.HttpOnly, Secure: c.Secure, SameSite: c.SameSite}
	if err := bare.Valid(); err != nil {
		return Credential{}, fmt.Errorf("dbsc: invalid cookie: %w", err)
	}
	if c.Partitioned {
		return Credential{}, errors.New("dbsc: a partitioned cookie cannot be bound")
	}
	_, attributes, _ := strings.Cut(bare.String(), "; ")
	credential := Credential{c.Name, attributes}
	return credential, credential.Validate()
}

// Validate says what browsers would refuse in the credential.
func (c Credential) Validate() error {
	cookie, err := c.Cookie()
	if err != nil {
		return err
	}
	lower := strings.ToLower(cookie.Name)
	isHost, isSecure := strings.HasPrefix(lower, "__host-"), strings.HasPrefix(lower, "__secure-")
	isHTTP := strings.HasPrefix(lower, "__http-")
	switch {
	case strings.HasPrefix(lower, "__host-http-"):
		return errors.New("dbsc: browsers refuse to bind __Host-Http- cookies: take __Host-")
	case isHost && (cookie.Path != "/" || cookie.Domain != "" || !cookie.Secure):
		return errors.New("dbsc: a __Host- cookie needs Path=/ and Secure, and no Domain")
	case isSecure && !cookie.Secure:
		return errors.New("dbsc: a __Secure- cookie needs Secure")
	case isHTTP && !(cookie.Secure && cookie.HttpOnly):
		return errors.New("dbsc: a __Http- cookie needs Secure and HttpOnly")
	case cookie.SameSite == http.SameSiteNoneMode && !cookie.Secure:
		return errors.New("dbsc: SameSite=None needs Secure")
	case !strings.HasPrefix(cookie.Path, "/"):
		return errors.New("dbsc: the attributes need a Path: without, the cookie is that of the directory it was set from")
	}
	return nil
}

// Cookie returns the cookie that the credential describes, without a value.
func (c Credential) Cookie() (*http.Cookie, error) {
	cookie := &http.Cookie{Name: c.Name}
	for attribute := range strings.SplitSeq(c.Attributes, ";") {
		key, value, _ := strings.Cut(attribute, "=")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(key)) {
		case "path":
			cookie.Path = value
		case "domain":
			cookie.Domain = value
		case "secure":
			cookie.Secure = true
		case "httponly":
			cookie.HttpOnly = true
		case "samesite":
			mode, known := sameSites[strings.ToLower(value)]
			if !known {
				return nil, errors.New("dbsc: SameSite is not Strict, Lax or None")
			}
			cookie.SameSite = mode
		case "":
		default:
			return nil, errors.New("dbsc: the attributes of a bound cookie are Path, Domain, Secure, HttpOnly and SameSite; browsers refuse others")
		}
	}
	if err := cookie.Valid(); err != nil {
		return nil, fmt.Errorf("dbsc: invalid cookie: %w", err)
	}
	return cookie, nil
}

var sameSites = map[string]http.SameSite{
	"strict": http.SameSiteStrictMode, "lax": http.SameSiteLaxMode, "none": http.SameSiteNoneMode,
}

type credentialJSON struct {
	Type       string `json:"type"`
	Name       string `json:"name"`
	Attributes string `json:"attributes"`
}

// MarshalJSON writes a credential of the only type that there is, cookie.
func (c Credential) MarshalJSON() ([]byte, error) {
	return json.Marshal(credentialJSON{"cookie", c.Name, c.Attributes})
}

// UnmarshalJSON refuses other types.
func (c *Credential) UnmarshalJSON(text []byte) error {
	var fields credentialJSON
	if err := json.Unmarshal(text, &fields); err != nil {
		return err
	}
	if fields.Type != "cookie" {
		return errors.New("dbsc: a credential is not a cookie")
	}
	c.Name, c.Attributes = fields.Name, fields.Attributes
	return nil
}
