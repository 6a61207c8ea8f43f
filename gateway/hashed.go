package gateway

import (
	"path"
	"strings"
)

// hashed reports whether a name carries a digest of its content, as bundlers write it, so that
// browsers may cache the file forever. It knows the digests of Vite and Rollup (eight characters of
// base64url), esbuild (eight of base32), and webpack, Rspack and Parcel (hex). A digest that looks
// like words or a size, "SemiBold" or "1024x1024", does not count: an extra request costs little,
// but a stale file stays for a year.
func hashed(name string) bool {
	stem := path.Base(name)
	for ext := path.Ext(stem); ext != ""; ext = path.Ext(stem) { // .js.map, .chunk.js
		stem = strings.TrimSuffix(stem, ext)
		if at := strings.LastIndexAny(stem, ".-"); at > 0 && (hexDigest(stem[at+1:]) || base32Digest(stem[at+1:])) {
			return true
		}
		if at := len(stem) - 9; at > 0 && (stem[at] == '-' || stem[at] == '.') && base64Digest(stem[at+1:]) {
			return true
		}
	}
	return false
}

const (
	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

func hexDigest(s string) bool {
	return len(s) >= 8 && strings.Trim(s, "abcdef"+digits) == "" && words(s) >= 3
}

func base32Digest(s string) bool {
	return len(s) == 8 && strings.Trim(s, upper+"234567") == "" && words(s) >= 3
}

// base64Digest requires letters of both cases: nearly all digests have them, and few other names
// do.
func base64Digest(s string) bool {
	if strings.Trim(s, lower+upper+digits+"-_") != "" || !strings.ContainsAny(s, lower) || !strings.ContainsAny(s, upper) {
		return false
	}
	n := words(s)
	return n > 3 || n == 3 && adjacentCapitals(s)
}

// words counts the words of a name as people write them: "SemiBold" and "HTMLPage" have two,
// "Win32Api" three. A random string of eight characters seldom has fewer than four.
func words(s string) (count int) {
	before := kindOther
	for i := range len(s) {
		kind, next := kindOf(s[i]), kindOther
		if i+1 < len(s) {
			next = kindOf(s[i+1])
		}
		switch {
		case kind == kindOther:
		case before == kindOther, kind != before && !(before == kindUpper && kind == kindLower), kind == kindUpper && next == kindLower:
			count++
		}
		before = kind
	}
	return count
}

type kind int

const (
	kindOther kind = iota
	kindDigit
	kindLower
	kindUpper
)

func kindOf(c byte) kind {
	switch {
	case c >= '0' && c <= '9':
		return kindDigit
	case c >= 'a' && c <= 'z':
		return kindLower
	case c >= 'A' && c <= 'Z':
		return kindUpper
	}
	return kindOther
}

func adjacentCapitals(s string) bool {
	for i := range len(s) - 1 {
		if kindOf(s[i]) == kindUpper && kindOf(s[i+1]) == kindUpper {
			return true
		}
	}
	return false
}
