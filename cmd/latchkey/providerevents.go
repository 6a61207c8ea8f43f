package main

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth/webhook"
	"github.com/latchkey-dev/latchkey/gateway"
	"github.com/latchkey-dev/latchkey/internal/configfile"
)

// eventsPath is where FusionAuth sends its events, on any host of the gateway. No app sees it.
const eventsPath = "/latchkey/webhook"

// providerEvents takes the provider's events out of what goes to the gateway.
type providerEvents struct {
	receiver atomic.Pointer[webhook.Receiver] // nil: the file names no key
	gateway  http.Handler
}

// ServeHTTP gives the request to the receiver or to the gateway.
func (e *providerEvents) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if receiver := e.receiver.Load(); receiver != nil && r.URL.Path == eventsPath {
		receiver.ServeHTTP(w, r)
		return
	}
	e.gateway.ServeHTTP(w, r)
}

// newReceiver makes what ends sessions of a gateway when the provider says so, or nil where the file names no key.
func newReceiver(file *configfile.File, g *gateway.Gateway, log *slog.Logger) (*webhook.Receiver, error) {
	p := file.Provider
	if !p.Webhook.On() {
		return nil, nil
	}
	config := webhook.Config{PublicKey: p.Webhook.PublicKey, Logger: log}
	if p.Webhook.Secret != "" {
		config.Secrets = []latchkey.Secret{latchkey.Secret(p.Webhook.Secret)}
	}
	if p.Webhook.KeySet {
		config.KeySetURL = strings.TrimSuffix(p.URL, "/") + "/.well-known/jwks.json"
	}
	for _, a := range file.Apps {
		config.Apps = append(config.Apps, webhook.App{ApplicationID: a.ApplicationID, Guard: g.Guard(a.Host)})
	}
	receiver, err := webhook.New(config)
	if err != nil {
		return nil, errors.New(receiverFields.Replace(err.Error()))
	}
	return receiver, nil
}

// receiverFields says the receiver's mistakes in the words of the file.
var receiverFields = strings.NewReplacer("webhook: Config.Secrets[0]", "provider.webhook_secret", "webhook: Config.PublicKey", "provider.webhook_public_key_file")
