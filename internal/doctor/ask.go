package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/latchkey-dev/latchkey"
)

// A question is one call to the provider.
type question struct {
	method, path string
	key          latchkey.Secret // the API key; empty: none is sent
	json         any
	form         url.Values
	anyTenant    bool // without the tenant
}

// A reply is a summary of the provider's response.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// ask sends a question. Its errors contain no secret.
func (x *examination) ask(ctx context.Context, q question) (reply, error) {
	var body io.Reader
	contentType := ""
	switch {
	case q.json != nil:
		text, err := json.Marshal(q.json)
		if err != nil {
			return reply{}, err
		}
		body, contentType = bytes.NewReader(text), "application/json"
	case q.form != nil:
		body, contentType = strings.NewReader(q.form.Encode()), "application/x-www-form-urlencoded"
	}
	r, err := http.NewRequestWithContext(ctx, q.method, x.base.JoinPath(q.path).String(), body)
	if err != nil {
		return reply{}, err
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if q.key != "" {
		r.Header.Set("Authorization", string(q.key))
	}
	if x.TenantID != "" && !q.anyTenant {
		r.Header.Set("X-FusionAuth-TenantId", x.TenantID)
	}
	return x.send(r)
}

func (x *examination) send(r *http.Request) (reply, error) {
	resp, err := x.http.Do(r)
	if err != nil {
		var withURL *url.Error
		if errors.As(err, &withURL) {
			err = withURL.Err
		}
		return reply{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 8<<20))
	return reply{resp.StatusCode, resp.Header, text}, err
}

// decode reads JSON, and reports whether it was valid.
func (r reply) decode(into any) bool {
	return strings.HasPrefix(r.header.Get("Content-Type"), "application/json") && json.Unmarshal(r.body, into) == nil
}

// codes are the error codes of a 400 of /api/*, in one text.
func (r reply) codes() string {
	type entry struct {
		Code string `json:"code"`
	}
	var said struct {
		FieldErrors   map[string][]entry `json:"fieldErrors"`
		GeneralErrors []entry            `json:"generalErrors"`
	}
	if !r.decode(&said) {
		return ""
	}
	var all []string
	for _, e := range said.GeneralErrors {
		all = append(all, e.Code)
	}
	for _, list := range said.FieldErrors {
		for _, e := range list {
			all = append(all, e.Code)
		}
	}
	return strings.Join(all, " ")
}
