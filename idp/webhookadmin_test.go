package idp_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-dev/latchkey/idp"
)

type sends func(*http.Request) (*http.Response, error)

func (f sends) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestLeaveEvents: the events of a program that sends nothing itself are sent by another one on the
// same database.
func TestLeaveEvents(t *testing.T) {
	h := newHearing(t)
	w, config := lasting(t, h)
	must(t, w.EnsureWebhook(t.Context(), idp.Webhook{ID: w.app.ID, URL: "https://a.test/events", Events: []string{"user.deactivate"}}))
	config.LeaveEvents, config.WebhookTransport = true, sends(func(*http.Request) (*http.Response, error) {
		t.Error("it sends")
		return nil, errors.ErrUnsupported
	})
	command, err := idp.Open(t.Context(), config)
	must(t, err)
	must(t, command.SetUserActive(t.Context(), w.user.ID, false))
	must(t, command.Close())
	if one := h.next(); one.event.Type != "user.deactivate" || one.event.User["id"] != w.user.ID {
		t.Errorf("%s", one.body)
	}
	must(t, w.RemoveWebhook(t.Context(), w.app.ID))
	if err := w.RemoveWebhook(t.Context(), w.app.ID); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
}

// TestEnsureWebhook: the second time it is changed, and what is wrong is said.
func TestEnsureWebhook(t *testing.T) {
	w := newWorld(t)
	for _, url := range []string{"http://127.0.0.1:9011/a", "http://127.0.0.1:9012/b"} {
		must(t, w.EnsureWebhook(t.Context(), idp.Webhook{ID: w.app.ID, URL: url, Description: "ours", Events: []string{"user.delete", "user.deactivate"}}))
		list := w.keyed("GET", "/api/webhook", "").want(http.StatusOK).body
		if strings.Count(list, `"url"`) != 1 || !strings.Contains(list, url) || !strings.Contains(list, `"global":true`) || !strings.Contains(list, `"user.delete":true`) || strings.Contains(list, `"user.update":true`) {
			t.Errorf("%s", list)
		}
	}
	for field, hook := range map[string]idp.Webhook{
		"webhook.id":            {URL: "http://127.0.0.1/"},
		"webhook.url":           {ID: w.app.ID},
		"webhook.eventsEnabled": {ID: w.app.ID, URL: "http://127.0.0.1/", Events: []string{"user.sneeze"}},
	} {
		var wrong idp.ValidationError
		if err := w.EnsureWebhook(t.Context(), hook); !errors.As(err, &wrong) || wrong[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}
