package dbsc

import (
	"errors"
	"net/url"
	"strings"
)

// Validate says what browsers would refuse in the instructions. They drop the session silently, and
// the bound cookie stays.
func (i Instructions) Validate() error {
	if err := checkSessionID(i.SessionID); err != nil {
		return err
	}
	if err := checkRefreshURL(i.RefreshURL); err != nil {
		return err
	}
	if err := i.Scope.validate(); err != nil {
		return err
	}
	if len(i.Credentials) == 0 {
		return errors.New("dbsc: instructions need a credential")
	}
	for _, c := range i.Credentials {
		if err := c.Validate(); err != nil {
			return err
		}
	}
	return nil
}

// checkSessionID wants what a header can hold: browsers send the id back in one.
func checkSessionID(id string) error {
	if id == "" {
		return errors.New("dbsc: the session id is empty")
	}
	_, err := quote(id)
	return err
}

func checkRefreshURL(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || u.Scheme != "" && u.Scheme != "https" || u.Scheme == "https" && u.Host == "" {
		return errors.New("dbsc: the refresh URL is neither a path nor an https URL")
	}
	return nil
}

func (s Scope) validate() error {
	if s.Origin != "" {
		u, err := url.Parse(s.Origin)
		if err != nil || u.Scheme != "https" || u.Host == "" || s.Origin != "https://"+u.Host {
			return errors.New("dbsc: the origin of the scope is not like https://example.com")
		}
	}
	for _, r := range s.Rules {
		host := strings.TrimPrefix(r.Domain, "*.")
		switch {
		case r.Type != Include && r.Type != Exclude:
			return errors.New("dbsc: the type of a scope rule is neither include nor exclude")
		case r.Domain != "*" && (host == "" || strings.ContainsAny(host, "*/: ")):
			return errors.New("dbsc: the domain of a scope rule is not a host, *.host or *")
		case !strings.HasPrefix(r.Path, "/"):
			return errors.New("dbsc: the path of a scope rule must begin with a slash")
		}
	}
	return nil
}
