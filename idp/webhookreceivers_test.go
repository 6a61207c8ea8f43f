package idp_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/idp/idptest"
)

// hearing is the receivers of webhooks, by host: a transport that writes down what comes in and
// answers 200, or as the test says.
type hearing struct {
	t       *testing.T
	wait    time.Duration // for the next request
	mu      sync.Mutex
	answers map[string]func(*http.Request) (*http.Response, error)
	heard   chan heard
}

// heard is one request to a receiver.
type heard struct {
	host   string
	at     time.Time
	header http.Header
	body   string
	event  struct {
		ID, Type, TenantID, UserID, ApplicationID string
		CreateInstant                             int64
		Info                                      struct{ IPAddress string }
		User, Original, Registration              map[string]any
		Users                                     []map[string]any
		RefreshToken                              map[string]any
		ApplicationTimeToLiveInSeconds            map[string]int64
		AuthenticationType                        string
		Reason                                    struct{ Code string }
		Method                                    struct{ ID, Method string }
	}
}

func newHearing(t *testing.T) *hearing {
	return &hearing{t: t, wait: 30 * time.Second, answers: map[string]func(*http.Request) (*http.Response, error){}, heard: make(chan heard, 10_000)}
}

// option makes the provider's webhooks go there.
func (h *hearing) option() idptest.Option {
	return idptest.WithConfig(func(c *idp.Config) { c.WebhookTransport = h })
}

// answer sets what a host answers from now on; nil: 200.
func (h *hearing) answer(host string, f func(*http.Request) (*http.Response, error)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answers[host] = f
}

func status(code int, header ...string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		resp := &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("thanks")), Request: r}
		for i := 0; i < len(header); i += 2 {
			resp.Header.Set(header[i], header[i+1])
		}
		return resp, nil
	}
}

func (h *hearing) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	one := heard{host: r.URL.Host, at: time.Now(), header: r.Header, body: string(body)}
	var envelope struct{ Event json.RawMessage }
	if err := json.Unmarshal(body, &envelope); err != nil {
		h.t.Errorf("%v in %q", err, body)
	}
	if err := json.Unmarshal(envelope.Event, &one.event); err != nil {
		h.t.Errorf("%v in %q", err, body)
	}
	h.mu.Lock()
	answer := h.answers[one.host]
	h.mu.Unlock()
	h.heard <- one
	if answer == nil {
		answer = status(http.StatusOK)
	}
	return answer(r)
}

// next waits for a request to a receiver.
func (h *hearing) next() heard {
	h.t.Helper()
	select {
	case one := <-h.heard:
		return one
	case <-time.After(h.wait):
		h.t.Fatal("no event has come")
		return heard{}
	}
}

func types(all []heard) (list []string) {
	for _, one := range all {
		list = append(list, one.event.Type)
	}
	return list
}

// hook makes a webhook at a host, which wants these types, or else all that there are.
func (w *world) hook(host string, wanted ...string) (id string) {
	w.t.Helper()
	events := map[string]bool{}
	for _, t := range wanted {
		events[t] = true
	}
	if wanted == nil {
		for _, t := range w.eventTypes() {
			events[t] = true
		}
	}
	body := object{"webhook": object{"url": "https://" + host + "/hook", "global": true, "eventsEnabled": events}}
	return w.keyed("POST", "/api/webhook", body.String()).webhook().ID
}

type webhookJSON struct {
	ID, URL, Description        string
	ConnectTimeout, ReadTimeout int64
	Global                      bool
	TenantIDs                   []string
	EventsEnabled               map[string]bool
	SignatureConfiguration      struct{ Enabled bool }
}

func (a answer) webhook() webhookJSON {
	a.t.Helper()
	var body struct{ Webhook webhookJSON }
	a.want(http.StatusOK).decode(&body)
	return body.Webhook
}

// eventTypes are those that a webhook can want.
func (w *world) eventTypes() (list []string) {
	w.t.Helper()
	hook := w.keyed("POST", "/api/webhook", `{"webhook":{"url":"https://nobody.test","global":true}}`).webhook()
	for t := range hook.EventsEnabled {
		list = append(list, t)
	}
	w.keyed("DELETE", "/api/webhook/"+hook.ID, "").wantEmpty(http.StatusOK)
	slices.Sort(list)
	return list
}
