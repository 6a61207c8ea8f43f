package idp

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
)

// An event is what a webhook receives, with FusionAuth's names.
type event struct {
	ID            string     `json:"id"`
	Type          string     `json:"type"`
	CreateInstant int64      `json:"createInstant"`
	TenantID      string     `json:"tenantId"`
	Info          eventInfo  `json:"info"`
	ApplicationID string     `json:"applicationId,omitempty"`
	UserID        string     `json:"userId,omitempty"`
	User          *userJSON  `json:"user,omitempty"`
	Users         []userJSON `json:"users,omitempty"` // of an import
	// the user or the registration before a change
	Original     any               `json:"original,omitempty"`
	Registration *registrationJSON `json:"registration,omitempty"`
	RefreshToken *refreshTokenJSON `json:"refreshToken,omitempty"`
	// how long access tokens may go on
	TTLs               map[string]int64 `json:"applicationTimeToLiveInSeconds,omitempty"`
	AuthenticationType string           `json:"authenticationType,omitempty"`
	ConnectorID        string           `json:"connectorId,omitempty"`
	Reason             *eventReason     `json:"reason,omitempty"` // of a login that failed
	Method             *twoFactorMethod `json:"method,omitempty"`
}

type eventInfo struct {
	IPAddress string `json:"ipAddress,omitempty"`
}

type eventReason struct {
	Code string `json:"code"`
}

// about puts the user as of now into the event.
func (e *event) about(ctx context.Context, q database.Queries, userID string) error {
	u, err := readUser(ctx, q, "id = $1", userID)
	if err != nil {
		return err
	}
	j := u.json()
	e.TenantID, e.UserID, e.User = u.TenantID, u.ID, &j
	return nil
}

// registration puts the user and the registration for an application into the event.
func (e *event) registration(ctx context.Context, q database.Queries, userID, applicationID string) error {
	if err := e.about(ctx, q, userID); err != nil {
		return err
	}
	e.ApplicationID = applicationID
	for _, r := range e.User.Registrations {
		if r.ApplicationID == applicationID {
			e.Registration = &r
		}
	}
	return nil
}

// raise stores an event for each webhook that wants it, in the transaction of what has happened:
// both are kept, or neither. The event is described only if a webhook wants it.
func raise(ctx context.Context, tx *outbox.Tx, eventType string, describe func(context.Context, *event) error) error {
	ctx = context.WithoutCancel(ctx) // a write that has begun is completed
	wanted, err := outbox.Wanted(ctx, tx, eventType)
	if err != nil || !wanted {
		return err
	}
	now := tx.Now
	e := event{ID: uuid.NewString(), Type: eventType, CreateInstant: database.Millis(now), Info: eventInfo{tx.Caller}}
	if err := describe(ctx, &e); err != nil {
		return fmt.Errorf("describe event %s: %w", eventType, err)
	}
	body, err := json.Marshal(struct {
		Event event `json:"event"`
	}{e})
	if err != nil {
		return fmt.Errorf("encode event %s: %w", eventType, err)
	}
	return tx.Raise(ctx, outbox.Event{ID: e.ID, Type: eventType, TenantID: e.TenantID, At: now, Body: body})
}

// raiseUser is raise for an event with nothing but a user in it.
func raiseUser(ctx context.Context, tx *outbox.Tx, eventType, userID string) error {
	return raise(ctx, tx, eventType, func(ctx context.Context, e *event) error { return e.about(ctx, tx, userID) })
}
