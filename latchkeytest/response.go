package latchkeytest

import (
	"encoding/json"
	"io"
	"net/http"
)

// A Response is an HTTP response with its body.
type Response struct {
	Status    int
	Header    http.Header
	Body      string
	Code      string // the code of an error response; docs/http.md lists them
	EndReason string // in an error response: why the session ended
}

// Read reads a response and closes its body.
func Read(resp *http.Response) (*Response, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	got := &Response{Status: resp.StatusCode, Header: resp.Header, Body: string(body)}
	if resp.Header.Get("Content-Type") != "application/problem+json" {
		return got, nil
	}
	var problem struct{ Code, EndReason string }
	err = json.Unmarshal(body, &problem)
	got.Code, got.EndReason = problem.Code, problem.EndReason
	return got, err
}

// SetsCookie reports whether the response sets the cookie to a value, rather than deleting it.
func (r *Response) SetsCookie(name string) bool {
	for _, c := range (&http.Response{Header: r.Header}).Cookies() {
		if c.Name == name && c.MaxAge >= 0 {
			return true
		}
	}
	return false
}
