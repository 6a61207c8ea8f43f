package fusionauth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxAnswer bounds how much of a response is read, in bytes.
const maxAnswer = 1 << 20

// An answer is a response of the server. Its body may hold secrets: errors name the status and
// codes only.
type answer struct {
	call   string // "POST /api/login", for errors
	status int
	header http.Header
	body   []byte
}

// A request is a call to the server. Without a body it has no content type.
type request struct {
	method, path string
	query        url.Values
	json         any        // the body, or
	form         url.Values // the body
	authorize    bool       // send the API key
	tenant       bool       // name the tenant
	ip           string     // of the browser on whose behalf we call
}

func (c *Client) call(ctx context.Context, r request) (answer, error) {
	call := r.method + " " + r.path
	var body io.Reader
	var contentType string
	switch {
	case r.json != nil:
		encoded, err := json.Marshal(r.json)
		if err != nil {
			return answer{}, err
		}
		body, contentType = bytes.NewReader(encoded), "application/json"
	case r.form != nil:
		body, contentType = strings.NewReader(r.form.Encode()), "application/x-www-form-urlencoded"
	}
	target := c.base.JoinPath(r.path)
	target.RawQuery = r.query.Encode()
	req, err := http.NewRequestWithContext(ctx, r.method, target.String(), body)
	if err != nil {
		return answer{}, fmt.Errorf("%s: cannot make the request", call)
	}
	c.setHeaders(req, r, contentType)
	resp, err := c.http.Do(req)
	if err != nil {
		var withURL *url.Error // its text would repeat method and URL
		if errors.As(err, &withURL) {
			err = withURL.Err
		}
		return answer{}, fmt.Errorf("%s: %w", call, err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", call, err)
	}
	if len(content) > maxAnswer {
		return answer{}, fmt.Errorf("%s: the response is longer than %d bytes", call, maxAnswer)
	}
	return answer{call: call, status: resp.StatusCode, header: resp.Header, body: content}, nil
}

func (c *Client) setHeaders(req *http.Request, r request, contentType string) {
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if r.authorize {
		req.Header.Set("Authorization", string(c.config.APIKey)) // the bare key, no scheme
	}
	if r.tenant && c.config.TenantID != "" {
		req.Header.Set("X-FusionAuth-TenantId", c.config.TenantID)
	}
	if r.ip != "" {
		req.Header.Set("X-Forwarded-For", r.ip)
	}
}

// decode reads a JSON body. Errors do not quote it.
func (a answer) decode(into any) error {
	if !strings.HasPrefix(a.header.Get("Content-Type"), "application/json") {
		return fmt.Errorf("%s: status %d without JSON", a.call, a.status)
	}
	if json.Unmarshal(a.body, into) != nil {
		return fmt.Errorf("%s: status %d with undocumented JSON", a.call, a.status)
	}
	return nil
}

// plain reports whether the body is empty or JSON: the API sends nothing else. Anything else comes
// from a proxy in between.
func (a answer) plain() bool {
	return len(a.body) == 0 || strings.HasPrefix(a.header.Get("Content-Type"), "application/json")
}

// unexpected is the error for the operator. Codes of the API are safe to log; messages are not
// needed.
func (a answer) unexpected() error {
	if codes := a.errorCodes(); len(codes) > 0 {
		return fmt.Errorf("%s: status %d, %s", a.call, a.status, strings.Join(codes, ", "))
	}
	return fmt.Errorf("%s: unexpected status %d", a.call, a.status)
}

// retryAfter returns the header of that name, or 0 without one.
func (a answer) retryAfter() time.Duration {
	seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
	if err != nil || seconds < 0 || seconds > 86400 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// An apiErrors is the body of a 400 of /api/*.
type apiErrors struct {
	FieldErrors   map[string][]apiError `json:"fieldErrors"`
	GeneralErrors []apiError            `json:"generalErrors"`
}

type apiError struct {
	Code string `json:"code"`
}

func (a answer) apiErrors() (e apiErrors) {
	if a.decode(&e) != nil {
		return apiErrors{}
	}
	return e
}

// errorCodes lists the codes of a 400, shortened, because they come from outside and are logged.
func (a answer) errorCodes() (codes []string) {
	e := a.apiErrors()
	add := func(list []apiError) {
		for _, err := range list {
			if len(codes) < 5 {
				codes = append(codes, strconv.QuoteToASCII(err.Code[:min(len(err.Code), 80)]))
			}
		}
	}
	add(e.GeneralErrors)
	for _, list := range e.FieldErrors {
		add(list)
	}
	return codes
}
