package fusion

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Parameters returns the parameters that FusionAuth's clients send as a query, a form or JSON.
// Empty ones are absent. One that is given twice counts only if both values are the same.
func Parameters(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	all, err := ParseForm(r.URL.RawQuery)
	if err != nil {
		return nil, Invalid("", "invalidQuery", "The query string is not well-formed.")
	}
	body, err := ReadBody(w, r)
	if err != nil {
		return nil, err
	}
	var more url.Values
	switch t := MediaType(r); {
	case len(body) == 0:
	case t == "application/json":
		more, err = jsonParameters(body)
	case t == "application/x-www-form-urlencoded":
		if more, err = ParseForm(string(body)); err != nil {
			err = Invalid("", "invalidForm", "The form is not well-formed.")
		}
	default:
		err = ErrMediaType
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
				return nil, Invalid(name, "duplicate", "The parameter is given twice.")
			}
		}
	}
	return all, nil
}

// jsonParameters returns the strings and booleans of a JSON object.
func jsonParameters(body []byte) (url.Values, error) {
	var members map[string]jsontext.Value
	if err := DecodeJSON(body, &members); err != nil {
		return nil, err
	}
	values := make(url.Values)
	for name, v := range members {
		var text string
		switch v.Kind() {
		case '"':
			if err := json.Unmarshal(v, &text); err != nil {
				return nil, ErrJSON
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
