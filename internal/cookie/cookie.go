// Package cookie is the format of an app's cookies: what they contain, and how that is
// authenticated and sealed. Package rotation decides what they may do.
package cookie

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"time"
)

// The cookies' names. The prefix makes browsers refuse them without Secure, with a Domain or with
// another path (RFC 6265bis, section 4.1.3.2).
const (
	SessionName = "__Host-session"
	RefreshName = "__Host-refresh"
	DeviceName  = "__Host-device"
	BoundName   = "__Host-bound"
)

// MaxSize is the most that browsers store of a cookie's name and value, in bytes; MaxAge is the
// longest that they keep it (RFC 6265bis, section 5).
const (
	MaxSize = 4096
	MaxAge  = 400 * 24 * time.Hour
)

// Encoding is the encoding of the values. Strict, so that each value has one encoding only.
var Encoding = base64.RawURLEncoding.Strict()

// A Mark is what both cookies say: which session, which generation of it, which branch, when they
// were minted, and whether the session is bound to a device.
type Mark struct {
	ID         [16]byte
	Generation uint32
	Branch     Branch
	MintedAt   time.Time // whole milliseconds
	Keyed      bool      // the session is bound: it has a key, which the browser has used
}

// Same reports whether two marks are of one branch. One of them may be from before the session was
// bound.
func (m Mark) Same(o Mark) bool {
	return m.ID == o.ID && m.Generation == o.Generation && m.Branch == o.Branch
}

// A Branch identifies one pair of cookies: 128 random bits that only the browser keeps.
type Branch [16]byte

// NewBranch returns a random branch.
func NewBranch() (b Branch) {
	rand.Read(b[:])
	return b
}

// Digest is the first half of the branch's SHA-256: enough to recognise the branch.
func (b Branch) Digest() [16]byte {
	sum := sha256.Sum256(b[:])
	return [16]byte(sum[:16])
}

// Value returns the value of a cookie. A name that comes twice counts as absent: which of the two
// is ours cannot be known (CKE-08). http.Request.Cookie would allocate, and take the first.
func Value(h http.Header, name string) string {
	var found occurrence
	each(h, func(pair string) { found.note(pair, name) })
	return found.value()
}

// SessionAndBound returns the values of two cookies as Value does, and reads the header once.
func SessionAndBound(h http.Header) (session, bound string) {
	var s, b occurrence
	each(h, func(pair string) {
		if !s.note(pair, SessionName) {
			b.note(pair, BoundName)
		}
	})
	return s.value(), b.value()
}

// Values returns all values that came under a name.
func Values(h http.Header, name string) (values []string) {
	each(h, func(pair string) {
		if value, ours := valueOf(pair, name); ours {
			values = append(values, value)
		}
	})
	return values
}

// An occurrence is how often a name came, and its last value.
type occurrence struct {
	last  string
	times int
}

// note reports whether the pair has the name.
func (o *occurrence) note(pair, name string) bool {
	value, ours := valueOf(pair, name)
	if ours {
		o.last, o.times = value, o.times+1
	}
	return ours
}

func (o *occurrence) value() string {
	if o.times != 1 {
		return ""
	}
	return o.last
}

// each visits the pairs of a name and a value, without the space before them.
func each(h http.Header, visit func(pair string)) {
	for _, line := range h["Cookie"] {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			// strings.TrimLeft would cost more than all the rest
			for pair != "" && (pair[0] == ' ' || pair[0] == '\t') {
				pair = pair[1:]
			}
			visit(pair)
		}
	}
}

func valueOf(pair, name string) (value string, ours bool) {
	rest, ours := strings.CutPrefix(pair, name)
	if !ours || rest != "" && rest[0] != '=' {
		return "", false
	}
	return strings.TrimRight(strings.TrimPrefix(rest, "="), " \t"), true
}

// HasOurs reports whether the request has a session or refresh cookie, genuine or not.
func HasOurs(h http.Header) bool {
	for _, line := range h["Cookie"] {
		if strings.Contains(line, SessionName+"=") || strings.Contains(line, RefreshName+"=") {
			return true
		}
	}
	return false
}
