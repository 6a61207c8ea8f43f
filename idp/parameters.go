package idp

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// parameters returns those of a call that FusionAuth's clients send as query,
// as form or as JSON. Empty ones are absent. One that is given twice counts
// only if both say the same.
func parameters(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	all, err := parseForm(r.URL.RawQuery)
	if err != nil {
		return nil, invalid("", "invalidQuery", "The query string is not well-formed.")
	}
	body, err := readBody(w, r)
	if err != nil {
		return nil, err
	}
	var more url.Values
	switch t := mediaType(r); {
	case len(body) == 0:
	case t == "application/json":
		more, err = jsonParameters(body)
	case t == "application/x-www-form-urlencoded":
		if more, err = parseForm(string(body)); err != nil {
			err = invalid("", "invalidForm", "The form is not well-formed.")
		}
	default:
		err = errMediaType
	}
	if err != nil {
		return nil, err
	}
	for name, values := range more {
		all[name] = append(all[name], values...)
	}
	for name, values := range all {
		for _, v := range values {
			if v != values[0] {
				return nil, invalid(name, "duplicate", "The parameter is given twice.")
			}
		}
	}
	return all, nil
}

// jsonParameters returns the strings and booleans of a JSON object.
func jsonParameters(body []byte) (url.Values, error) {
	var members map[string]jsontext.Value
	if err := decodeJSON(body, &members); err != nil {
		return nil, err
	}
	values := make(url.Values)
	for name, v := range members {
		var text string
		switch v.Kind() {
		case '"':
			if err := json.Unmarshal(v, &text); err != nil {
				return nil, errJSON
			}
		case 't', 'f':
			text = strconv.FormatBool(v.Kind() == 't')
		}
		if text != "" {
			values.Set(name, text)
		}
	}
	return values, nil
}
