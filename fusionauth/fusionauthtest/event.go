package fusionauthtest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/google/uuid"
)

// Names of events.
const (
	passwordUpdate     = "user.password.update"
	userDeactivate     = "user.deactivate"
	userDelete         = "user.delete"
	refreshTokenRevoke = "jwt.refresh-token.revoke"
)

// ChangePassword does what an administrator's change of a password does, and returns the status of
// that call.
func (s *Server) ChangePassword(userID, password string) int {
	return s.byAdministrator(passwordUpdate, userID, s.revokesOnPasswordChange(), func(u *User) { u.Password = password })
}

// Deactivate locks a user out, and returns the status of the call.
func (s *Server) Deactivate(userID string) int {
	return s.byAdministrator(userDeactivate, userID, true, func(u *User) { u.Inactive = true })
}

// Delete removes a user, and returns the status of the call.
func (s *Server) Delete(userID string) int {
	return s.byAdministrator(userDelete, userID, true, func(gone *User) {
		s.state.Users = slices.DeleteFunc(s.state.Users, func(u *User) bool { return u == gone })
	})
}

func (s *Server) revokesOnPasswordChange() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.Tenant.JWTConfiguration.RefreshTokenRevocationPolicy.OnPasswordChanged
}

// byAdministrator raises the event, changes the user if the receivers accept it, and revokes the
// user's tokens.
func (s *Server) byAdministrator(kind, userID string, revokes bool, change func(*User)) int {
	s.mu.Lock()
	u := s.state.user(func(u *User) bool { return u.ID == userID })
	if u == nil {
		s.mu.Unlock()
		return http.StatusNotFound
	}
	event := object{"type": kind, "user": u.json()}
	s.mu.Unlock()
	if !s.raise(event) {
		return http.StatusGatewayTimeout
	}
	s.mu.Lock()
	change(u)
	var revoked []*token
	if revokes {
		revoked = s.drop(func(t *token) bool { return t.user == u })
	}
	s.mu.Unlock()
	if len(revoked) > 0 {
		s.raise(manyRevoked(userID, ""))
	}
	return http.StatusOK
}

// eachRevoked returns an event for each token. They must be raised without the lock, because
// receivers may call the server.
func eachRevoked(tokens []*token) (events []object) {
	for _, t := range tokens {
		events = append(events, object{
			"type": refreshTokenRevoke, "applicationId": t.applicationID, "userId": t.user.ID, "user": t.user.json(),
			"refreshToken": t.json(), "applicationTimeToLiveInSeconds": object{t.applicationID: 3600},
		})
	}
	return events
}

func manyRevoked(userID, applicationID string) object {
	event := object{"type": refreshTokenRevoke, "applicationTimeToLiveInSeconds": object{ApplicationID: 3600}}
	if userID != "" {
		event["userId"], event["user"] = userID, object{"id": userID}
	}
	if applicationID != "" {
		event["applicationId"] = applicationID
	}
	return event
}

// raise sends an event to the webhooks that want it, if the tenant raises it. It returns false if
// the call that raises it must fail.
func (s *Server) raise(event object) bool {
	s.mu.Lock()
	kind := event["type"].(string)
	setting := s.state.Tenant.EventConfiguration.Events[kind]
	webhooks := slices.Clone(s.state.Webhooks)
	event["id"], event["createInstant"], event["tenantId"] = uuid.NewString(), s.now().UnixMilli(), s.state.Tenant.ID
	event["info"] = object{"ipAddress": "203.0.113.7"}
	s.mu.Unlock()
	if !setting.Enabled {
		return true
	}
	body, err := json.Marshal(object{"event": event})
	if err != nil {
		panic(err)
	}
	accepted := true
	for _, hook := range webhooks {
		if hook.EventsEnabled[kind] && (hook.Global || slices.Contains(hook.TenantIDs, TenantID)) {
			accepted = send(hook, body) && accepted
		}
	}
	return accepted || setting.TransactionType == "None" || setting.TransactionType == ""
}

func send(hook Webhook, body []byte) bool {
	r, err := http.NewRequest(http.MethodPost, hook.URL, bytes.NewReader(body))
	if err != nil {
		return false
	}
	r.Header.Set("Content-Type", "application/json")
	if hook.Sign != nil {
		r.Header.Set("X-FusionAuth-Signature-JWT", hook.Sign(body))
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode/100 == 2
}
