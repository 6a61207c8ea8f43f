package fusion

import (
	"net/url"
	"unicode/utf8"
)

// ParseForm is url.ParseQuery for valid UTF-8, without the empty values.
func ParseForm(body string) (url.Values, error) {
	form, err := url.ParseQuery(body)
	if err != nil {
		return nil, err
	}
	for name, values := range form {
		for _, v := range append(values, name) {
			if !utf8.ValidString(v) {
				return nil, ErrJSON
			}
		}
		// A repeated parameter counts as repeated even if it is empty.
		if len(values) == 1 && values[0] == "" {
			delete(form, name)
		}
	}
	return form, nil
}
