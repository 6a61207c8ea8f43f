package idp

import (
	"cmp"
	"database/sql"
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/database"
	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
)

type webhookBody struct {
	Webhook webhookJSON `json:"webhook"`
}

// webhookRoutes manage the receivers of events.
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
	if err != nil {
		return outbox.Webhook{}, err
	}
	if !sc.seesWebhook(h) {
		return outbox.Webhook{}, ErrNotFound
	}
	return h, nil
}

func replyWebhook(w http.ResponseWriter, h outbox.Webhook) error {
	return fusion.Reply(w, http.StatusOK, webhookBody{newWebhookJSON(h)})
}

// listWebhooks answers GET /api/webhook.
func (s *Server) listWebhooks(w http.ResponseWriter, r *http.Request, sc scope) error {
	all, err := outbox.Webhooks(r.Context(), s.db)
	if err != nil {
		return err
	}
	list := []webhookJSON{}
	for _, h := range all {
		if sc.seesWebhook(h) {
			list = append(list, newWebhookJSON(h))
		}
	}
	return fusion.Reply(w, http.StatusOK, struct {
		Webhooks []webhookJSON `json:"webhooks"`
	}{list})
}

// getWebhook answers GET /api/webhook/{webhookId}.
func (s *Server) getWebhook(w http.ResponseWriter, r *http.Request, sc scope) error {
	h, err := webhookOfPath(s.db, r, sc)
	if err != nil {
		return err
	}
	return replyWebhook(w, h)
}

// createWebhook answers POST /api/webhook[/{webhookId}].
func (s *Server) createWebhook(w http.ResponseWriter, r *http.Request, sc scope) error {
	h, err := s.newWebhook(w, r, sc)
	if err != nil {
		return err
	}
	if err := s.db.Write(r.Context(), h.Insert); err != nil {
		return webhookError(err)
	}
	s.outbox.Wake() // without webhooks it looks once an hour
	return replyWebhook(w, h)
}

func (s *Server) newWebhook(w http.ResponseWriter, r *http.Request, sc scope) (outbox.Webhook, error) {
	var body webhookBody
	if err := fusion.Decode(w, r, &body); err != nil {
		return outbox.Webhook{}, err
	}
	h, err := body.Webhook.stored(sc)
	if err != nil {
		return outbox.Webhook{}, err
	}
	if h.ID, err = newID("webhook.id", cmp.Or(r.PathValue("webhookId"), body.Webhook.ID)); err != nil {
		return outbox.Webhook{}, err
	}
	h.Inserted = database.Millis(s.now())
	h.Updated = h.Inserted
	return h, nil
}

// changeWebhook answers PUT and PATCH /api/webhook/{webhookId}.
func (s *Server) changeWebhook(w http.ResponseWriter, r *http.Request, sc scope) error {
	change, err := readChange(w, r, "webhook")
	if err != nil {
		return err
	}
	h, err := untilCurrent(func() (outbox.Webhook, error) { return s.changedWebhook(r, sc, change) })
	if err != nil {
		return err
	}
	s.outbox.Wake()
	return replyWebhook(w, h)
}

// changedWebhook changes the webhook as it is now, or returns errOvertaken.
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

// deleteWebhook answers DELETE /api/webhook/{webhookId}. Events that were not sent go with it.
func (s *Server) deleteWebhook(_ http.ResponseWriter, r *http.Request, sc scope) error {
	h, err := webhookOfPath(s.db, r, sc)
	if err != nil {
		return err
	}
	return s.RemoveWebhook(r.Context(), h.ID)
}
