package fusion

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

// MaxBody is the largest request body, in bytes. Real clients come nowhere near it.
const MaxBody = 64 << 10

// maxDepth is the deepest nesting of a JSON body.
const maxDepth = 32

// ErrMediaType is a body of a type that the endpoint does not read: 415.
var ErrMediaType = errors.New("idp: unsupported media type")

// ReadBody returns the body, at most [MaxBody] bytes of it.
func ReadBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return ReadBodyUpTo(w, r, MaxBody)
}

// ReadBodyUpTo returns the body, at most limit bytes of it. Compressed bodies are refused: a few
// bytes could become any number.
func ReadBodyUpTo(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return nil, ErrMediaType
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, Invalid("", "tooLarge", "The request body is too large.")
	}
	if err != nil {
		return nil, Invalid("", "unreadable", "The request body ended early.")
	}
	return body, nil
}

// MediaType returns the media type of the request's body, "" if none is named. If two are named, it
// returns one that no call accepts.
func MediaType(r *http.Request) string {
	if all := r.Header.Values("Content-Type"); len(all) > 1 {
		return strings.Join(all, ", ")
	}
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return r.Header.Get("Content-Type")
	}
	return t
}

// Decode reads the request's JSON object into v. No body is an empty object.
func Decode(w http.ResponseWriter, r *http.Request, v any) error {
	body, err := ReadBody(w, r)
	if err != nil || len(body) == 0 {
		return err
	}
	if t := MediaType(r); t != "" && t != "application/json" {
		return ErrMediaType
	}
	return DecodeJSON(body, v)
}

// DecodeJSON is strict about the text (valid UTF-8, no duplicate names, nothing after the object)
// and lenient about what it says: unknown members are skipped, because newer clients send them, and
// null means absent.
func DecodeJSON(body []byte, v any) error {
	if err := checkDepth(body); err != nil {
		return err
	}
	err := json.Unmarshal(body, v)
	if wrong, ok := errors.AsType[*json.SemanticError](err); ok {
		return Invalid("", "invalidJSON", "The JSON value at "+string(wrong.JSONPointer)+" has the wrong type.")
	}
	if err != nil {
		return ErrJSON
	}
	return nil
}

// ErrJSON is a body that is not well-formed. It does not quote the body, which may hold passwords.
var ErrJSON = Invalid("", "invalidJSON", "The request body is not one well-formed JSON object in UTF-8 without repeated names.")

func checkDepth(body []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(body))
	for {
		if _, err := d.ReadToken(); err == io.EOF {
			return nil
		} else if err != nil || d.StackDepth() > maxDepth {
			return ErrJSON
		}
	}
}

// ParseID returns a UUID in its canonical form, and "" for an empty value, which means absent.
func ParseID(field, value string) (string, error) {
	if value == "" {
		return "", nil
	}
	id, err := uuid.Parse(value)
	if err != nil || len(value) != 36 {
		return "", Invalid(field, "couldNotConvert", "This is not a UUID.")
	}
	return id.String(), nil
}

// Caller returns the address of the person behind the request: the first of named that is an
// address, which the application's backend sends, else the peer's. X-Forwarded-For is ignored,
// because anyone can write it.
func Caller(r *http.Request, named ...string) string {
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
