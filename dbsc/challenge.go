package dbsc

import (
	"errors"
	"net/http"
)

// A Challenge is what the browser signs at the next refresh of a session.
type Challenge struct {
	Value     string
	SessionID string
}

// AddTo adds the challenge to the headers of a response.
func (c Challenge) AddTo(h http.Header) error {
	if c.Value == "" || c.SessionID == "" {
		return errors.New("dbsc: a challenge needs a value and a session id: without the id, browsers drop the session")
	}
	value, err := quote(c.Value)
	if err != nil {
		return err
	}
	id, err := quote(c.SessionID)
	if err != nil {
		return err
	}
	h.Add(HeaderChallenge, value+";id="+id)
	return nil
}

// ParseChallenges returns the challenges in the headers of a response. Those without an id are an
// error.
func ParseChallenges(h http.Header) ([]Challenge, error) {
	members, err := parseField(h, HeaderChallenge)
	if err != nil {
		return nil, err
	}
	var challenges []Challenge
	for _, m := range members {
		value, _ := m.value.(string)
		id, _ := m.params["id"].(string)
		if value == "" || id == "" {
			return nil, errors.New("dbsc: a challenge lacks its value or its session id")
		}
		challenges = append(challenges, Challenge{value, id})
	}
	return challenges, nil
}
