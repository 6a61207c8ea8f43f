package gateway

import (
	"errors"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

var errPath = errors.New("ambiguous path")

// cleanPath returns the path of a request as both the rules and the app see it: decoded once, to be
// encoded again. A path that some server would read differently is refused, because the rules would
// then protect something else than what is served: dot segments, empty segments, backslashes,
// encoded slashes and dots, path parameters, what is still encoded after decoding, control
// characters and line breaks, bytes that are not UTF-8, "?" and "#" (which end the path for a
// second proxy that decodes), and characters that become one of these by compatibility
// decomposition. Spaces and invisible characters do not count as part of a segment: "..%20" is ".."
// on Windows.
func cleanPath(u *url.URL) (string, error) {
	path := u.Path
	if plainPath(path) && u.RawPath == "" {
		return path, nil
	}
	if !utf8.ValidString(path) || ambiguousEscape(u.RawPath) || ambiguous(path) || ambiguous(compatible(path)) {
		return "", errPath
	}
	return path, nil
}

// plainPath is the common case: letters, digits, "-", "_", and dots and slashes that do not follow
// one another.
func plainPath(path string) bool {
	if path == "" || path[0] != '/' {
		return false
	}
	before := byte(0)
	for _, c := range []byte(path) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		case c == '/' && before != '/' && before != '.', c == '.' && before != '/' && before != '.':
		default:
			return false
		}
		before = c
	}
	return before != '.'
}

// ambiguousEscape checks the path as it was sent.
func ambiguousEscape(raw string) bool {
	for {
		_, after, found := strings.Cut(raw, "%")
		if !found {
			return false
		}
		if len(after) < 2 {
			return true // url.Parse refuses this
		}
		switch strings.ToLower(after[:2]) {
		case "2e", "2f", "5c", "00", "3b":
			return true
		}
		raw = after[2:]
	}
}

// ambiguous checks a decoded path.
func ambiguous(path string) bool {
	if path == "" || path[0] != '/' || strings.ContainsAny(path, "\\;?#\u2028\u2029") || strings.ContainsFunc(path, unicode.IsControl) {
		return true
	}
	segments := strings.Split(path[1:], "/")
	for i, segment := range segments {
		switch bare := strings.Map(visible, segment); {
		case bare == "." || bare == "..":
			return true
		case bare == "" && (segment != "" || i < len(segments)-1):
			return true
		}
	}
	return escapedAgain(path)
}

// compatible replaces characters by the plain ones that some server uses instead: by compatibility
// decomposition or, for slashes, by best fit in a Windows code page.
func compatible(path string) string {
	return strings.Map(func(r rune) rune {
		if r == '\u2044' || r == '\u2215' {
			return '/'
		}
		return r
	}, norm.NFKC.String(path))
}

// visible drops spaces and invisible characters, for strings.Map.
func visible(r rune) rune {
	if unicode.IsSpace(r) || invisible(r) {
		return -1
	}
	return r
}

func invisible(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Mn, unicode.Other_Default_Ignorable_Code_Point)
}

// escapedAgain reports whether a decoded path would change if it were decoded once more.
func escapedAgain(path string) bool {
	for {
		_, after, found := strings.Cut(path, "%")
		if !found {
			return false
		}
		if len(after) >= 2 && isHex(after[0]) && isHex(after[1]) || strings.HasPrefix(after, "u") || strings.HasPrefix(after, "U") {
			return true
		}
		path = after
	}
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
