package idp

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
)

// An event is what a webhook hears of, with FusionAuth's names.
type event struct {
	ID                 string            `json:"id"`
	Type               string            `json:"type"`
	CreateInstant      int64             `json:"createInstant"`
	TenantID           string            `json:"tenantId"`
	Info               eventInfo         `json:"info"`
	ApplicationID      string            `json:"applicationId,omitempty"`
	UserID             string            `json:"userId,omitempty"`
	User               *userJSON         `json:"user,omitempty"`
	Users              []userJSON        `json:"users,omitempty"`    // of an import
	Original           any               `json:"original,omitempty"` // the user or the registration before a change
	Registration       *registrationJSON `json:"registration,omitempty"`
	RefreshToken       *refreshTokenJSON `json:"refreshToken,omitempty"`
	TTLs               map[string]int64  `json:"applicationTimeToLiveInSeconds,omitempty"` // how long access tokens may go on
	AuthenticationType string            `json:"authenticationType,omitempty"`
	ConnectorID        string            `json:"connectorId,omitempty"`
	Reason             *eventReason      `json:"reason,omitempty"` // of a login that failed
	Method             *twoFactorMethod  `json:"method,omitempty"`
}

type eventInfo struct {
	IPAddress string `json:"ipAddress,omitempty"`
}

type eventReason struct {
	Code string `json:"code"`
}

// callerKey is where a request's context has the address of its caller.
type callerKey struct{}

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

// raise writes an event down for each webhook that wants it, in the transaction of what has happened: both are kept, or neither. The event is told only where somebody listens.
func (s *Server) raise(ctx context.Context, tx *sql.Tx, eventType string, tell func(context.Context, *event) error) error {
	ctx = context.WithoutCancel(ctx) // a write that has begun is seen through
	wanted, err := wants(ctx, tx, eventType)
	if err != nil || !wanted {
		return err
	}
	e := event{ID: uuid.NewString(), Type: eventType, CreateInstant: database.Millis(s.now())}
	e.Info.IPAddress, _ = ctx.Value(callerKey{}).(string)
	if err := tell(ctx, &e); err != nil {
		return fmt.Errorf("tell of %s: %w", eventType, err)
	}
	body, err := json.Marshal(struct {
		Event event `json:"event"`
	}{e})
	if err != nil {
		return fmt.Errorf("tell of %s: %w", eventType, err)
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO deliveries (webhook_id, event_id, type, body, insert_instant)
		SELECT w.id, $1, $2, $3, $4 FROM webhooks w JOIN webhook_events e ON e.webhook_id = w.id AND e.type = $2
		WHERE w.is_global OR EXISTS (SELECT 1 FROM webhook_tenants t WHERE t.webhook_id = w.id AND t.tenant_id = $5)`,
		e.ID, e.Type, body, e.CreateInstant, e.TenantID)
	if err != nil {
		return fmt.Errorf("write down %s: %w", eventType, err)
	}
	s.courier.raised.Add(1)
	return nil
}

func wants(ctx context.Context, q database.Queries, eventType string) (wanted bool, err error) {
	err = q.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM webhook_events WHERE type = $1)`, eventType).Scan(&wanted)
	if err != nil {
		err = fmt.Errorf("look for webhooks: %w", err)
	}
	return wanted, err
}

// raiseUser is raise for what is about a user and no more.
func (s *Server) raiseUser(ctx context.Context, tx *sql.Tx, eventType, userID string) error {
	return s.raise(ctx, tx, eventType, func(ctx context.Context, e *event) error { return e.about(ctx, tx, userID) })
}
