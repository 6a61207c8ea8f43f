// Package issuer says what may name an identity provider: the iss of its tokens and the issuer of
// its discovery document.
package issuer

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// MaxLength is the length of the longest issuer, in bytes.
const MaxLength = 255

// canonical is how an issuer is spelled. Clients compare it letter by letter with the address that
// they know (OpenID Connect Discovery 1.0, section 4.3).
var canonical = regexp.MustCompile(`^https?://(?:[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?(?:/[A-Za-z0-9._~-]+)*$`)

// Check returns what is wrong with an issuer, and what to write instead. It is an https URL without
// a query or a fragment (OpenID Connect Discovery 1.0, section 3), or an http one on a network that
// is trusted.
func Check(issuer string) error {
	if len(issuer) > MaxLength {
		return fmt.Errorf("longer than %d bytes", MaxLength)
	}
	u, err := url.Parse(issuer)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || !validPort(u):
		return errors.New("not an absolute URL: write one such as https://auth.example.com")
	case u.User != nil:
		return errors.New("leave out the user name: everybody reads the issuer")
	case strings.ContainsAny(issuer, "?#"):
		return errors.New("leave out the query and the fragment")
	case strings.HasSuffix(issuer, "/"):
		return errors.New("leave out the slash at the end: clients compare it letter by letter")
	case !canonical.MatchString(issuer) || dotted(u.Path):
		return errors.New("write the host in lower case, and a path of letters, digits and -._~ only: clients compare it letter by letter")
	}
	return nil
}

// validPort reports whether a URL has a valid port, or none.
func validPort(u *url.URL) bool {
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	return u.Port() == "" && !strings.HasSuffix(u.Host, ":") || err == nil && port > 0
}

// dotted reports whether a path has a segment that clients resolve before they ask.
func dotted(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}
