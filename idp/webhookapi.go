package idp

import (
	"database/sql"
	"errors"
	"net/http"

	"github.com/google/uuid"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
)

type webhookBody struct {
	Webhook webhookJSON `json:"webhook"`
}

// webhookRoutes are for those who want to hear what happens.
func (s *Server) webhookRoutes() map[string]methods {
	const hook = "/api/webhook"
	create, change := s.keyed(hook, s.createWebhook), s.keyed(hook, s.changeWebhook)
	return map[string]methods{
		hook:                  {"GET": s.keyed(hook, s.listWebhooks), "POST": create},
		hook + "/{webhookId}": {"GET": s.keyed(hook, s.getWebhook), "POST": create, "PUT": change, "PATCH": change, "DELETE": s.keyed(hook, s.deleteWebhook)},
	}
}

func webhookOfPath(q database.Queries, r *http.Request, sc scope) (outbox.Webhook, error) {
	id, err := fusion.ParseID("webhookId", r.PathValue("webhookId"))
	if err != nil {
		return outbox.Webhook{}, err
	}
	h, err := outbox.ReadWebhook(r.Context(), q, id)
	if err == nil && !sc.seesWebhook(h) {
		err = ErrNotFound
	}
	return h, err
}

func (s *Server) replyWebhook(w http.ResponseWriter, r *http.Request, h outbox.Webhook, err error) {
	if err != nil {
		s.fail(w, r, err)
		return
	}
	fusion.Reply(w, http.StatusOK, webhookBody{newWebhookJSON(h)})
}

// listWebhooks answers GET /api/webhook.
func (s *Server) listWebhooks(w http.ResponseWriter, r *http.Request, sc scope) {
	all, err := outbox.Webhooks(r.Context(), s.db)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	list := []webhookJSON{}
	for _, h := range all {
		if sc.seesWebhook(h) {
			list = append(list, newWebhookJSON(h))
		}
	}
	fusion.Reply(w, http.StatusOK, struct {
		Webhooks []webhookJSON `json:"webhooks"`
	}{list})
}

// getWebhook answers GET /api/webhook/{webhookId}.
func (s *Server) getWebhook(w http.ResponseWriter, r *http.Request, sc scope) {
	h, err := webhookOfPath(s.db, r, sc)
	s.replyWebhook(w, r, h, err)
}

// createWebhook answers POST /api/webhook[/{webhookId}].
func (s *Server) createWebhook(w http.ResponseWriter, r *http.Request, sc scope) {
	h, err := s.newWebhook(w, r, sc)
	if err == nil {
		err = webhookError(s.db.Write(r.Context(), h.Insert))
		s.outbox.Wake() // without webhooks it looks once an hour
	}
	s.replyWebhook(w, r, h, err)
}

func (s *Server) newWebhook(w http.ResponseWriter, r *http.Request, sc scope) (none outbox.Webhook, err error) {
	var body webhookBody
	if err := fusion.Decode(w, r, &body); err != nil {
		return none, err
	}
	h, err := body.Webhook.stored(sc)
	if err != nil {
		return none, err
	}
	if id := r.PathValue("webhookId"); id != "" {
		body.Webhook.ID = id
	}
	if h.ID, err = fusion.ParseID("webhook.id", body.Webhook.ID); err != nil {
		return none, err
	}
	if h.ID == "" {
		h.ID = uuid.NewString()
	}
	h.Inserted = database.Millis(s.now())
	h.Updated = h.Inserted
	return h, nil
}

// changeWebhook answers PUT and PATCH /api/webhook/{webhookId}.
func (s *Server) changeWebhook(w http.ResponseWriter, r *http.Request, sc scope) {
	change, err := readChange(w, r, "webhook")
	var h outbox.Webhook
	if err == nil {
		h, err = s.changedWebhook(r, sc, change)
		for errors.Is(err, errOvertaken) {
			h, err = s.changedWebhook(r, sc, change)
		}
	}
	s.outbox.Wake()
	s.replyWebhook(w, r, h, err)
}

// changedWebhook changes the webhook as it is just now, or answers errOvertaken.
func (s *Server) changedWebhook(r *http.Request, sc scope, change change) (none outbox.Webhook, err error) {
	old, err := webhookOfPath(s.db, r, sc)
	if err != nil {
		return none, err
	}
	var body webhookBody
	if err := change(newWebhookJSON(old), &body); err != nil {
		return none, err
	}
	h, err := body.Webhook.stored(sc)
	if err != nil {
		return none, err
	}
	h.ID, h.Inserted, h.Updated = old.ID, old.Inserted, max(database.Millis(s.now()), old.Updated+1)
	return h, webhookError(s.db.Write(r.Context(), func(tx *sql.Tx) error {
		err := database.Changed(tx.Exec(`UPDATE webhooks SET last_update_instant = $1 WHERE id = $2 AND last_update_instant = $3`, h.Updated, h.ID, old.Updated))
		if err != nil {
			return overtaken(err)
		}
		return h.Update(tx)
	}))
}

// deleteWebhook answers DELETE /api/webhook/{webhookId}. What was not sent yet goes with it.
func (s *Server) deleteWebhook(w http.ResponseWriter, r *http.Request, sc scope) {
	h, err := webhookOfPath(s.db, r, sc)
	if err == nil {
		err = s.RemoveWebhook(r.Context(), h.ID)
	}
	if err != nil {
		s.fail(w, r, err)
	}
}
