// Package totp computes the codes that authenticators show (RFC 6238, with its defaults:
// HMAC-SHA-1, 30 seconds, 6 digits).
package totp

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// What authenticators show.
const (
	Period = 30 // seconds
	Digits = 6
)

const (
	drift = 1 // steps that a clock may be off, either way (RFC 6238 §5.2)

	secretSize = 20 // bytes, as RFC 4226 §4 recommends
	minSecret  = 16 // bytes, the least of RFC 4226 §4
	maxSecret  = 64
)

// NewSecret returns a secret for an authenticator.
func NewSecret() []byte {
	secret := make([]byte, secretSize)
	rand.Read(secret)
	return secret
}

// Usable reports whether a secret is long enough, and no longer than authenticators accept.
func Usable(secret []byte) bool { return len(secret) >= minSecret && len(secret) <= maxSecret }

// Step returns the number of the period that an instant is in.
func Step(t time.Time) int64 { return t.Unix() / Period }

// Code returns what an authenticator shows in a period.
func Code(secret []byte, step int64) string { return code(secret, step, Digits) }

func code(secret []byte, step int64, digits int) string {
	mac := hmac.New(sha1.New, secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(step)))
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf // RFC 4226 §5.3
	value := uint64(binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff)
	modulus := uint64(1)
	for range digits {
		modulus *= 10
	}
	return fmt.Sprintf("%0*d", digits, value%modulus)
}

// Match returns the period of a code, near now and later than the one that was used last: a code is
// valid once. It compares all periods, so that it takes the same time for each. White space is
// ignored: authenticators show "123 456".
func Match(secret []byte, typed string, now time.Time, last int64) (step int64, ok bool) {
	typed = strings.Join(strings.Fields(typed), "")
	for s := Step(now) - drift; s <= Step(now)+drift; s++ {
		if subtle.ConstantTimeCompare([]byte(Code(secret, s)), []byte(typed)) == 1 && s > last {
			step, ok = s, true
		}
	}
	return step, ok
}
