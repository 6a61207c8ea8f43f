package dbsc

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
)

// What follows are the structured fields of RFC 8941, as far as the headers here need them.

// maxFieldSize bounds what a header of a stranger can cost.
const maxFieldSize = 8 << 10

var errField = errors.New("dbsc: the header is not a structured field")

// A token is a bare word. Bare items of other types are strings; those that no header here has,
// such as numbers, are nil.
type token string

// A member is one of a list: a bare item, or an inner list, which is an []any of bare items.
type member struct {
	value  any
	params map[string]any
}

// quote writes a string (RFC 8941 §4.1.6).
func quote(text string) (string, error) {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' {
			return "", errors.New("dbsc: a header can hold printable ASCII only")
		}
		if c == '"' || c == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	b.WriteByte('"')
	return b.String(), nil
}

// parseField reads a list from all lines of a header.
func parseField(h http.Header, name string) ([]member, error) {
	lines := h.Values(name)
	if len(lines) == 0 {
		return nil, nil
	}
	return parseList(strings.Join(lines, ", "))
}

// parseList reads a list of at least one member (RFC 8941 §4.2.1).
func parseList(text string) (members []member, err error) {
	if len(text) > maxFieldSize {
		return nil, errors.New("dbsc: the header is too long")
	}
	s := &scanner{rest: strings.Trim(text, " ")}
	for {
		m, err := s.member()
		if err != nil {
			return nil, err
		}
		members = append(members, m)
		s.skip(" \t")
		if s.rest == "" {
			return members, nil
		}
		if !s.take(',') {
			return nil, errField
		}
		s.skip(" \t")
	}
}

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

func (s *scanner) member() (m member, err error) {
	if s.take('(') {
		m.value, err = s.innerList()
	} else {
		m.value, err = s.bareItem()
	}
	if err != nil {
		return m, err
	}
	m.params, err = s.params()
	return m, err
}

// innerList reads what follows the opening parenthesis. It drops the parameters of the items.
func (s *scanner) innerList() ([]any, error) {
	items := []any{}
	for {
		s.skip(" ")
		if s.take(')') {
			return items, nil
		}
		item, err := s.bareItem()
		if err != nil {
			return nil, err
		}
		if _, err = s.params(); err != nil {
			return nil, err
		}
		items = append(items, item)
		if s.rest == "" || s.rest[0] != ' ' && s.rest[0] != ')' {
			return nil, errField
		}
	}
}

// params reads parameters. Of two with the same key, the last one counts.
func (s *scanner) params() (map[string]any, error) {
	var params map[string]any
	for s.take(';') {
		s.skip(" ")
		if s.rest == "" || !isLower(s.rest[0]) && s.rest[0] != '*' {
			return nil, errField
		}
		key, value := s.run(isKey), any(nil)
		if s.take('=') {
			var err error
			if value, err = s.bareItem(); err != nil {
				return nil, err
			}
		}
		if params == nil {
			params = make(map[string]any)
		}
		params[key] = value
	}
	return params, nil
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
