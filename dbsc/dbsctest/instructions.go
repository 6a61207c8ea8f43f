package dbsctest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"

	"github.com/latchkey-dev/latchkey/dbsc"
)

// A body is that of a 200.
type body struct {
	dbsc.Instructions
	Continue *bool `json:"continue"`
}

func (b body) ends() bool { return b.Continue != nil && !*b.Continue }

// readBody returns nil for an empty body, or why the browser refuses it.
func readBody(resp *http.Response) (*body, string) {
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		return nil, invalidConfigJSON
	}
	if len(text) == 0 {
		return nil, ""
	}
	var read body
	if err := json.Unmarshal(text, &read); err != nil {
		return nil, invalidConfigJSON
	}
	if read.ends() {
		return &read, ""
	}
	var required struct {
		Scope *struct {
			IncludeSite *bool `json:"include_site"`
		} `json:"scope"`
	}
	if err := json.Unmarshal(text, &required); err != nil || required.Scope == nil || required.Scope.IncludeSite == nil {
		return nil, missingScope
	}
	if err := read.Validate(); err != nil {
		return nil, err.Error()
	}
	return &read, ""
}

// follow takes over instructions that came from a URL.
func (s *Session) follow(i dbsc.Instructions, from *url.URL) error {
	refresh, err := from.Parse(i.RefreshURL)
	if err != nil {
		return err
	}
	s.Instructions, s.RefreshURL, s.Origin = i, refresh, origin(from)
	if i.Scope.Origin != "" {
		s.Origin = i.Scope.Origin
	}
	return nil
}
