package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// Fields lists the keys of a body: each exactly once, and no others. The values point to where the
// fields are stored; an Optional one may be missing.
type Fields map[string]any

// Optional is for a field that may be missing, and then stays unchanged.
type Optional struct{ Target any }

// Read reads a JSON body of at most limit bytes into the fields. The error is a Problem:
// unsupported_media_type, payload_too_large or bad_request.
func Read(w http.ResponseWriter, r *http.Request, limit int64, fields Fields) error {
	if !isJSON(r.Header) {
		return Of(CodeUnsupportedMediaType)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return Of(CodePayloadTooLarge)
	case err != nil:
		return BadRequest("cannot read the body")
	}
	if err := parse(body, fields); err != nil {
		return BadRequest(err.Error())
	}
	return nil
}

// isJSON reports whether a body is uncompressed JSON in UTF-8. A Content-Type that is sent twice
// does not count: two readers could each believe another.
func isJSON(h http.Header) bool {
	if len(h["Content-Type"]) != 1 || strings.Join(h["Content-Encoding"], "") != "" {
		return false
	}
	mediaType, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	charset := params["charset"]
	return err == nil && mediaType == "application/json" && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

// parse is strict where encoding/json is lenient: one object, exactly these keys, each once and in
// this case, no null, valid UTF-8 without lone surrogates, nothing after it. Its errors quote no
// value.
func parse(body []byte, fields Fields) error {
	if !utf8.Valid(body) {
		return errors.New("the body is not UTF-8")
	}
	in := json.NewDecoder(bytes.NewReader(body))
	if t, err := in.Token(); err != nil || t != json.Delim('{') {
		return errors.New("the body is not a JSON object")
	}
	var given []string
	for in.More() {
		key, err := in.Token()
		if err != nil {
			return errors.New("the body is not JSON")
		}
		name := key.(string) // More and Token guarantee it
		target, known := fields[name]
		switch {
		case !known:
			return errors.New("the body has an unknown key")
		case slices.Contains(given, name):
			return fmt.Errorf("%s: duplicate key", name)
		}
		if optional, ok := target.(Optional); ok {
			target = optional.Target
		}
		if err := value(in, target); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		given = append(given, name)
	}
	if t, err := in.Token(); err != nil || t != json.Delim('}') {
		return errors.New("the body is not JSON")
	}
	if _, err := in.Token(); err != io.EOF {
		return errors.New("unexpected data after the JSON object")
	}
	for name, target := range fields {
		if _, optional := target.(Optional); !optional && !slices.Contains(given, name) {
			return fmt.Errorf("%s: required", name)
		}
	}
	return nil
}

func value(in *json.Decoder, target any) error {
	var raw json.RawMessage
	if err := in.Decode(&raw); err != nil {
		return errors.New("not JSON")
	}
	if string(raw) == "null" || json.Unmarshal(raw, target) != nil {
		return errors.New("wrong type")
	}
	if raw[0] == '"' && !isUnicode(raw) {
		return errors.New("not Unicode text")
	}
	return nil
}

// isUnicode reports whether text has no lone surrogate, which encoding/json would replace by
// U+FFFD.
func isUnicode(raw json.RawMessage) bool {
	var text string
	return json.Unmarshal(raw, &text) == nil && !strings.ContainsRune(text, utf8.RuneError)
}
