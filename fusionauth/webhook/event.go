package webhook

import (
	"errors"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/latchkey-dev/latchkey"
)

// An event is the part of one that we read. The rest, which includes live tokens, goes nowhere.
type event struct {
	ID            string `json:"id"`
	Type          string `json:"type"`
	CreateInstant int64  `json:"createInstant"` // milliseconds since 1970
	ApplicationID string `json:"applicationId"`
	UserID        string `json:"userId"`
	User          struct {
		ID string `json:"id"`
	} `json:"user"`
	RefreshToken struct {
		ID string `json:"id"`
	} `json:"refreshToken"`
}

// decode is strict about the text (valid UTF-8, no duplicate names, nothing after the object) and
// skips unknown fields. Its errors quote nothing.
func decode(body []byte) (event, error) {
	var in struct {
		Event event `json:"event"`
	}
	if json.Unmarshal(body, &in) != nil {
		return event{}, errors.New("not the JSON of an event")
	}
	e := in.Event
	if e.ID == "" || e.Type == "" || e.CreateInstant <= 0 {
		return event{}, errors.New("id, type or createInstant is missing")
	}
	for _, id := range []*string{&e.ID, &e.Type, &e.ApplicationID, &e.UserID, &e.User.ID, &e.RefreshToken.ID} {
		if len(*id) > 64 || strings.Trim(*id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") != "" {
			return event{}, errors.New("invalid id or type")
		}
	}
	return e, nil
}

func (e event) created() time.Time { return time.UnixMilli(e.CreateInstant) }

// An ending says which sessions end, and why. Without a reason none do.
type ending struct {
	reason         latchkey.EndReason
	userID         string // empty: every user
	applicationID  string // empty: every application
	refreshTokenID string // empty: all of the user's
}

func (e ending) refreshTokenIDs() []string {
	if e.refreshTokenID == "" {
		return nil
	}
	return []string{e.refreshTokenID}
}

// ending returns what an event means. FusionAuth's configuration decides which types are sent.
func (e event) ending() (ending, error) {
	user := e.UserID
	switch {
	case user == "":
		user = e.User.ID
	case e.User.ID != "" && e.User.ID != user:
		return ending{}, errors.New("it names two users")
	}
	var out ending
	switch e.Type {
	case "user.password.update":
		out = ending{reason: latchkey.EndPasswordChanged, userID: user}
	case "user.deactivate", "user.delete":
		out = ending{reason: latchkey.EndUserDeactivated, userID: user}
	case "user.login.suspicious": // somebody else may know the password, so in every application
		out = ending{reason: latchkey.EndRevokedByAdmin, userID: user}
	case "user.registration.delete":
		out = ending{reason: latchkey.EndRevokedByAdmin, userID: user, applicationID: e.ApplicationID}
		if e.ApplicationID == "" {
			return ending{}, errors.New("it names no application")
		}
	case "jwt.refresh-token.revoke": // one token, all of a user, or all of an application
		out = ending{reason: latchkey.EndRevokedByAdmin, userID: user, applicationID: e.ApplicationID, refreshTokenID: e.RefreshToken.ID}
		if user == "" && e.ApplicationID != "" && e.RefreshToken.ID == "" {
			return out, nil
		}
	default:
		return ending{}, nil
	}
	if user == "" {
		return ending{}, errors.New("it names no user")
	}
	return out, nil
}
