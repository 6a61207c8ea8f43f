package dbsc

import (
	"errors"
	"net/http"
)

// A SkipReason says why a browser could not refresh a session before a request.
type SkipReason string

// The reasons that browsers give.
const (
	Unreachable   SkipReason = "unreachable"    // the refresh got no answer
	ServerError   SkipReason = "server_error"   // the refresh was answered with a 5xx
	QuotaExceeded SkipReason = "quota_exceeded" // the browser has signed too often for this site
)

// Skipped says that a request comes without a refresh that it should have waited for. Browsers keep
// the session and try again. Any client can claim it: believe it for words, not for access.
type Skipped struct {
	Reason    SkipReason
	SessionID string
}

// AddTo adds it to the headers of a request.
func (s Skipped) AddTo(h http.Header) error {
	id, err := quote(s.SessionID)
	if err != nil {
		return err
	}
	h.Add(HeaderSkipped, string(s.Reason)+";session_identifier="+id)
	return nil
}

// ParseSkipped returns what the headers of a request say about skipped refreshes. It keeps unknown
// reasons.
func ParseSkipped(h http.Header) ([]Skipped, error) {
	members, err := parseField(h, HeaderSkipped)
	if err != nil {
		return nil, err
	}
	var all []Skipped
	for _, m := range members {
		reason, isToken := m.value.(token)
		if !isToken {
			return nil, errors.New("dbsc: a reason for a skipped refresh is not a token")
		}
		id, _ := m.params["session_identifier"].(string)
		all = append(all, Skipped{SkipReason(reason), id})
	}
	return all, nil
}
