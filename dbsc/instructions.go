package dbsc

import "encoding/json"

// Instructions answer a registration, as JSON: what the browser must keep alive, and how. They also
// answer a refresh, and may then change everything but the session id. Marshalling them fails if
// [Instructions.Validate] does.
type Instructions struct {
	SessionID   string       `json:"session_identifier"`
	RefreshURL  string       `json:"refresh_url,omitempty"` // a path or a URL; empty: that of the request
	Scope       Scope        `json:"scope"`
	Credentials []Credential `json:"credentials"`
	// AllowedRefreshInitiators are hosts whose requests wait for a refresh too. They can measure
	// whether the user has a session here.
	AllowedRefreshInitiators []string `json:"allowed_refresh_initiators,omitempty"`
}

// A Scope is the set of URLs whose requests wait for a refresh.
type Scope struct {
	IncludeSite bool        `json:"include_site"`     // all hosts of the site, not this origin only
	Origin      string      `json:"origin,omitempty"` // empty: that of the request
	Rules       []ScopeRule `json:"scope_specification,omitempty"`
}

// A ScopeRule includes or excludes URLs. The last rule that matches a URL counts.
type ScopeRule struct {
	Type   RuleType `json:"type"`
	Domain string   `json:"domain"` // a host, "*.host", or "*"
	Path   string   `json:"path"`   // it and what is below
}

// A RuleType is what a [ScopeRule] does.
type RuleType string

// The types of rules.
const (
	Include RuleType = "include"
	Exclude RuleType = "exclude"
)

// MarshalJSON writes instructions that browsers accept, or fails.
func (i Instructions) MarshalJSON() ([]byte, error) {
	if err := i.Validate(); err != nil {
		return nil, err
	}
	type fields Instructions
	return json.Marshal(fields(i))
}

// A Termination ends a session. It is the JSON body of a 200, in place of [Instructions].
type Termination struct {
	SessionID string
}

// MarshalJSON names the session, although browsers end it without the id too: they report that as
// an error.
func (t Termination) MarshalJSON() ([]byte, error) {
	if err := checkSessionID(t.SessionID); err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		SessionID string `json:"session_identifier"`
		Continue  bool   `json:"continue"`
	}{SessionID: t.SessionID})
}
