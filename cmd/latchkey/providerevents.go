package main

import (
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth/webhook"
	"github.com/latchkey-dev/latchkey/gateway"
	"github.com/latchkey-dev/latchkey/idp"
	"github.com/latchkey-dev/latchkey/internal/configfile"
)

// eventsPath is where a provider sends its events. A FusionAuth sends them to any host of the
// gateway, and the app behind it does not see them; the embedded provider sends them to its own
// address.
const eventsPath = "/latchkey/webhook"

// providerEvents handles the provider's events, and passes every other request on.
type providerEvents struct {
	receiver atomic.Pointer[webhook.Receiver] // nil: events are not received here
	next     http.Handler
}

// ServeHTTP gives the request to the receiver or to the other handler.
func (e *providerEvents) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if receiver := e.receiver.Load(); receiver != nil && r.URL.Path == eventsPath {
		receiver.ServeHTTP(w, r)
		return
	}
	e.next.ServeHTTP(w, r)
}

// ownWebhook ends the sessions of the apps in the process of an embedded provider, even if another
// process (the command line) has changed a user.
func ownWebhook(url string) idp.Webhook {
	return idp.Webhook{
		ID: "5f0cbb7e-9b53-4d4e-8a5c-0d1f6c1e4a03", URL: url + eventsPath, Description: "ends sessions in latchkey; recreated at each start",
		Events: []string{"jwt.refresh-token.revoke", "user.deactivate", "user.delete", "user.password.update", "user.registration.delete"},
	}
}

// keySetOf is where a provider publishes the keys that sign its events.
func keySetOf(url string) string { return strings.TrimSuffix(url, "/") + "/.well-known/jwks.json" }

// newReceiver makes the receiver that ends sessions when the provider says so, or nil if the file
// names a FusionAuth and no key.
func (s *serving) newReceiver(file *configfile.File, g *gateway.Gateway) (*webhook.Receiver, error) {
	p := file.Provider
	config := webhook.Config{PublicKey: p.Webhook.PublicKey, Logger: s.log}
	switch {
	case s.embedded != nil:
		config.KeySetURL = keySetOf(s.embedded.url)
	case !p.Webhook.On():
		return nil, nil
	case p.Webhook.Secret != "":
		config.Secrets = []latchkey.Secret{latchkey.Secret(p.Webhook.Secret)}
	case p.Webhook.KeySet:
		config.KeySetURL = keySetOf(p.URL)
	}
	for _, a := range file.Apps {
		config.Apps = append(config.Apps, webhook.App{ApplicationID: a.ApplicationID, Guard: g.Guard(a.Host)})
	}
	receiver, err := webhook.New(config)
	if err != nil {
		return nil, receiverMistake(file, err)
	}
	return receiver, nil
}

// hear puts a receiver in force.
func (s *serving) hear(receiver *webhook.Receiver) {
	if s.embedded != nil {
		s.embedded.events.receiver.Store(receiver)
		return
	}
	s.events.receiver.Store(receiver)
}

// receiverMistake translates the receiver's errors into the keys of the file.
func receiverMistake(file *configfile.File, err error) error {
	for field, key := range map[string]string{"webhook: Config.Secrets[0]: ": "provider.webhook_secret", "webhook: Config.PublicKey: ": "provider.webhook_public_key_file"} {
		if reason, found := strings.CutPrefix(err.Error(), field); found {
			return file.Mistake(key, reason)
		}
	}
	return err
}
