package dbsc

import (
	"errors"
	"net/http"
	"strings"
)

// The five headers. Script in a page can set HeaderResponse, but not HeaderSessionID.
const (
	HeaderRegistration = "Secure-Session-Registration" // of a response: an Offer
	HeaderChallenge    = "Secure-Session-Challenge"    // of a response: a Challenge
	HeaderResponse     = "Secure-Session-Response"     // of a request: a Registration or a Proof
	HeaderSessionID    = "Sec-Secure-Session-Id"       // of a request: whose proof it is
	HeaderSkipped      = "Secure-Session-Skipped"      // of a request: why there was no refresh
)

// SessionID returns the session id of a refresh, or "" if the request names none.
func SessionID(h http.Header) (string, error) { return single(h, HeaderSessionID) }

// Response returns the text of the registration or proof in a request, or "" if it has none. It is
// for [ParseRegistration] or [ParseProof].
func Response(h http.Header) (string, error) { return single(h, HeaderResponse) }

// single returns the value of a header that is a structured field in the specification, and that
// browsers send bare: no quotes, nothing escaped.
func single(h http.Header, name string) (string, error) {
	lines := h.Values(name)
	switch {
	case len(lines) == 0:
		return "", nil
	case len(lines) > 1:
		return "", errors.New("dbsc: " + name + " is there twice")
	}
	text := strings.Trim(lines[0], " \t")
	if !strings.HasPrefix(text, `"`) {
		return text, nil
	}
	members, err := parseList(text)
	if err != nil {
		return "", err
	}
	value, isString := members[0].value.(string)
	if !isString || len(members) > 1 {
		return "", errors.New("dbsc: " + name + " is not one string")
	}
	return value, nil
}
