package dbsc

import (
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
