package idp

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// Bounds on request bodies. Real clients come nowhere near them.
const (
	maxBody  = 64 << 10
	maxDepth = 32
)

// errMediaType is a body of a type that the endpoint does not read: 415.
var errMediaType = errors.New("idp: unsupported media type")

// readBody returns the body, at most maxBody of it.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return readBodyUpTo(w, r, maxBody)
}

// readBodyUpTo returns the body. Compressed bodies are refused: a few bytes could become any number.
func readBodyUpTo(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return nil, errMediaType
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, invalid("", "tooLarge", "The request body is too large.")
	}
	if err != nil {
		return nil, invalid("", "unreadable", "The request body ended early.")
	}
	return body, nil
}

// mediaType returns the media type of the request's body, "" where none is named. Where two are, it is none that any call takes.
func mediaType(r *http.Request) string {
	if all := r.Header.Values("Content-Type"); len(all) > 1 {
		return strings.Join(all, ", ")
	}
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return r.Header.Get("Content-Type")
	}
	return t
}

// decode reads the request's JSON object into v. No body is an empty object.
func decode(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := readBody(w, r)
	if err != nil || len(body) == 0 {
		return err
	}
	if t := mediaType(r); t != "" && t != "application/json" {
		return errMediaType
	}
	return decodeJSON(body, v)
}

// decodeJSON is strict about the text (valid UTF-8, no name twice, nothing
// after the object) and lenient about what it says: unknown members are
// skipped, because newer clients send them, and null means absent.
func decodeJSON(body []byte, v any) error {
	if err := checkDepth(body); err != nil {
		return err
	}
	err := json.Unmarshal(body, v)
	if wrong, ok := errors.AsType[*json.SemanticError](err); ok {
		return invalid("", "invalidJSON", "The JSON value at "+string(wrong.JSONPointer)+" has the wrong type.")
	}
	if err != nil {
		return errJSON
	}
	return nil
}

// errJSON does not quote the body: there are passwords in it.
var errJSON = invalid("", "invalidJSON", "The request body is not one well-formed JSON object in UTF-8 without repeated names.")

func checkDepth(body []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(body))
	for {
		if _, err := d.ReadToken(); err == io.EOF {
			return nil
		} else if err != nil || d.StackDepth() > maxDepth {
			return errJSON
		}
	}
}

// parseID returns a UUID in its one form. An empty value is absent.
func parseID(field, value string) (string, error) {
	if value == "" {
		return "", nil
	}
	id, err := uuid.Parse(value)
	if err != nil || len(value) != 36 {
		return "", invalid(field, "couldNotConvert", "This is not a UUID.")
	}
	return id.String(), nil
}

// hasNUL finds what PostgreSQL does not keep in a text.
func hasNUL(text string) bool { return strings.Contains(text, "\x00") }

// caller returns the address of the person behind the request: the one that
// the application's backend names, else the peer's. X-Forwarded-For is left
// aside, because anyone can write it. What is no address is not kept.
func caller(r *http.Request, named ...string) string {
	for _, n := range named {
		if a, err := netip.ParseAddr(n); err == nil {
			return a.WithZone("").String()
		}
	}
	if a, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return a.Addr().Unmap().WithZone("").String()
	}
	return ""
}
