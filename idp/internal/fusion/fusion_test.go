package fusion

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// request is a POST with a body, and the content type if one is given.
func request(target, contentType, body string) *http.Request {
	r := httptest.NewRequest("POST", target, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

func TestParameters_sources(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	for _, c := range []struct{ name, target, contentType, body, want string }{
		{"query", "/?a=x", "", "", "x"},
		{"form", "/", form, "a=x", "x"},
		{"JSON", "/", "application/json", `{"a":"x"}`, "x"},
		{"JSON boolean", "/", "application/json", `{"a":true}`, "true"},
		{"empty is absent", "/?a=", form, "a=", ""},
		{"twice the same", "/?a=x", form, "a=x", "x"},
	} {
		got, err := Parameters(httptest.NewRecorder(), request(c.target, c.contentType, c.body))
		if err != nil || got.Get("a") != c.want {
			t.Errorf("%s: %v %v, want %q", c.name, got, err, c.want)
		}
	}
	for _, c := range []struct{ name, target, contentType, body, want string }{
		{"two values", "/?a=x", form, "a=y", "[duplicate]a"},
		{"malformed query", "/?a=%zz", "", "", "[invalidQuery]"},
		{"malformed form", "/", form, "a=%zz", "[invalidForm]"},
		{"malformed JSON", "/", "application/json", `{"a"`, "[invalidJSON]"},
	} {
		_, err := Parameters(httptest.NewRecorder(), request(c.target, c.contentType, c.body))
		if wrong, ok := errors.AsType[ValidationError](err); !ok || wrong[0].Code() != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	if _, err := Parameters(httptest.NewRecorder(), request("/", "text/plain", "a")); !errors.Is(err, ErrMediaType) {
		t.Errorf("text: %v, want %v", err, ErrMediaType)
	}
}

func TestDecode_strictAboutText(t *testing.T) {
	var v struct{ A string }
	for _, body := range []string{`{"a":"x","a":"y"}`, `{"a":"x"} {}`, "{\"a\":\"\xff\"}", `{"A":1}`, strings.Repeat("[", maxDepth+1)} {
		if _, ok := errors.AsType[ValidationError](Decode(httptest.NewRecorder(), request("/", "application/json", body), &v)); !ok {
			t.Errorf("%.40q is taken", body)
		}
	}
	if err := Decode(httptest.NewRecorder(), request("/", "application/json", `{"A":null,"new":1}`), &v); err != nil {
		t.Errorf("unknown members and null: %v", err)
	}
	r := request("/", "application/json", "{}")
	r.Header.Set("Content-Encoding", "gzip")
	if err := Decode(httptest.NewRecorder(), r, &v); !errors.Is(err, ErrMediaType) {
		t.Errorf("compressed: %v, want %v", err, ErrMediaType)
	}
}

func TestReadBody_tooLarge(t *testing.T) {
	_, err := ReadBody(httptest.NewRecorder(), request("/", "", strings.Repeat("x", MaxBody+1)))
	if wrong, ok := errors.AsType[ValidationError](err); !ok || wrong[0].Kind != "tooLarge" {
		t.Errorf("%v, want tooLarge", err)
	}
}

func TestMediaType_namedTwice(t *testing.T) {
	r := request("/", "application/json", "")
	r.Header.Add("Content-Type", "text/plain")
	if got := MediaType(r); got == "application/json" || got == "text/plain" {
		t.Errorf("%q is one of two", got)
	}
}

func TestParseID_forms(t *testing.T) {
	const id = "6a0fbaf2-26ce-4f9b-9a0a-d0d7ba3e36f2"
	for given, want := range map[string]string{"": "", id: id, strings.ToUpper(id): id} {
		if got, err := ParseID("id", given); got != want || err != nil {
			t.Errorf("%q: %q %v", given, got, err)
		}
	}
	for _, given := range []string{"x", "{" + id + "}", "urn:uuid:" + id, strings.ReplaceAll(id, "-", "")} {
		if _, err := ParseID("id", given); err == nil {
			t.Errorf("%q is taken", given)
		}
	}
}

func TestErrorBody_fieldsAndGeneral(t *testing.T) {
	v := append(Invalid("user.email", "duplicate", "Taken."), Invalid("", "invalidJSON", "Broken.")...)
	b := ErrorBody(v)
	if b.FieldErrors["user.email"][0].Code != "[duplicate]user.email" || b.GeneralErrors[0].Code != "[invalidJSON]" {
		t.Errorf("%+v", b)
	}
	if !errors.Is(v, ErrDuplicate) || errors.Is(Invalid("a", "blank", ""), ErrDuplicate) {
		t.Error("ErrDuplicate is what is taken, and nothing else")
	}
	if got := Nest("users[2]", v)[0].Field; got != "users[2].email" {
		t.Errorf("nested: %s", got)
	}
}

func TestReply_unwritable(t *testing.T) {
	rec := httptest.NewRecorder()
	if err := Reply(rec, http.StatusOK, make(chan int)); err == nil {
		t.Error("a channel is written as JSON")
	}
	if rec.Body.Len() > 0 || rec.Header().Get("Content-Type") != "" {
		t.Error("half an answer is sent")
	}
}
