// Package jws checks the canonical spelling of a signed token, the JWS Compact Serialization (RFC
// 7515 §3.1), which decoders read leniently.
package jws

import (
	"encoding/base64"
	"strings"
)

var base64url = base64.RawURLEncoding.Strict()

// Canonical reports whether a text is three segments in base64url without padding, as an encoder
// writes them (RFC 7515 §2): no white space, and no non-zero trailing bits. A token then has a
// single spelling, which lists and caches of tokens rely on.
func Canonical(text string) bool {
	segments := strings.SplitN(text, ".", 4)
	if len(segments) != 3 {
		return false
	}
	for _, s := range segments {
		if strings.ContainsAny(s, "\r\n") { // which the decoder skips
			return false
		}
		if _, err := base64url.DecodeString(s); err != nil {
			return false
		}
	}
	return true
}
