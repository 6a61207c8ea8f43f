package dbsc

import (
	"encoding/base64"
	"strings"
)

// A scanner reads from the front of a text.
type scanner struct{ rest string }

func (s *scanner) skip(cutset string) { s.rest = strings.TrimLeft(s.rest, cutset) }

// take skips one character if it is next.
func (s *scanner) take(c byte) bool {
	next := s.rest != "" && s.rest[0] == c
	if next {
		s.rest = s.rest[1:]
	}
	return next
}

// run takes the longest run of characters.
func (s *scanner) run(of func(c byte) bool) (taken string) {
	n := 0
	for n < len(s.rest) && of(s.rest[n]) {
		n++
	}
	taken, s.rest = s.rest[:n], s.rest[n:]
	return taken
}

func (s *scanner) bareItem() (any, error) {
	if s.rest == "" {
		return nil, errField
	}
	switch c := s.rest[0]; {
	case c == '"':
		return s.string()
	case c == '*' || isAlpha(c):
		return token(s.run(isToken)), nil
	case c == ':':
		return nil, s.bytes()
	case c == '?':
		return nil, s.boolean()
	default:
		return nil, s.number()
	}
}

func (s *scanner) string() (string, error) {
	s.take('"')
	var b strings.Builder
	for s.rest != "" {
		c := s.rest[0]
		s.rest = s.rest[1:]
		switch {
		case c == '"':
			return b.String(), nil
		case c == '\\':
			if s.rest == "" || s.rest[0] != '"' && s.rest[0] != '\\' {
				return "", errField
			}
			c, s.rest = s.rest[0], s.rest[1:]
		case c < ' ' || c > '~':
			return "", errField
		}
		b.WriteByte(c)
	}
	return "", errField
}

func (s *scanner) bytes() error {
	s.take(':')
	text, rest, found := strings.Cut(s.rest, ":")
	if _, err := base64.StdEncoding.DecodeString(text); err != nil || !found {
		return errField
	}
	s.rest = rest
	return nil
}

func (s *scanner) boolean() error {
	s.take('?')
	if !s.take('0') && !s.take('1') {
		return errField
	}
	return nil
}

func (s *scanner) number() error {
	s.take('-')
	whole := len(s.run(isDigit))
	if whole == 0 || whole > 15 {
		return errField
	}
	if s.take('.') {
		if part := len(s.run(isDigit)); part == 0 || part > 3 || whole > 12 {
			return errField
		}
	}
	return nil
}

func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isAlpha(c byte) bool { return isLower(c | 0x20) }
func isKey(c byte) bool   { return isLower(c) || isDigit(c) || strings.IndexByte("_-.*", c) >= 0 }
func isToken(c byte) bool {
	return isAlpha(c) || isDigit(c) || strings.IndexByte("!#$%&'*+-.^_`|~:/", c) >= 0
}
