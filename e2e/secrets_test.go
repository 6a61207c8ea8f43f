package e2e_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"testing"
)

// disguises returns the forms in which a secret may hide in other text: as it is, percent-encoded,
// in hexadecimal, and in both alphabets of base64 at each of the three offsets at which it may
// begin in a group.
func disguises(secret string) (forms []string) {
	forms = []string{secret, url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString([]byte(secret))}
	for lead := range 3 {
		padded := append(make([]byte, lead), secret...)
		whole := len(padded) / 3 * 3 // the last group may include what comes after
		first := (lead + 2) / 3 * 3  // the first group may include what comes before
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			forms = append(forms, encoding.EncodeToString(padded[first:whole]))
		}
	}
	return forms
}

// leaks reports whether any form of the secret is in the bytes.
func leaks(received []byte, secret string) bool {
	for _, form := range disguises(secret) {
		if bytes.Contains(received, []byte(form)) {
			return true
		}
	}
	return false
}

// TestLeaks makes sure that the search for tokens could find one.
func TestLeaks(t *testing.T) {
	const secret = "a?secret/with+signs and-length"
	std, link := base64.StdEncoding.EncodeToString, base64.RawURLEncoding.EncodeToString
	for name, text := range map[string]string{
		"plain":           "x" + secret + "y",
		"query":           "t=" + url.QueryEscape(secret) + "&u=1",
		"path":            "/" + url.PathEscape(secret) + "/",
		"base64":          std([]byte(secret)),
		"base64 at 1":     std([]byte("{" + secret + "}")),
		"base64 at 2":     std([]byte("[{" + secret + "}]")),
		"base64url":       link([]byte(secret)),
		"base64url at 31": link([]byte("the text in front of the secret" + secret + " and behind")),
		"hex":             hex.EncodeToString([]byte(secret)),
	} {
		if !leaks([]byte(text), secret) {
			t.Errorf("%s: the secret in %q was not found", name, text)
		}
	}
	if text := "another?secret/with+signs and-length"; leaks([]byte(text), secret) {
		t.Errorf("a secret was found in %q, which does not hold it", text)
	}
}
