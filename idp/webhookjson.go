package idp

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
	"github.com/latchkey-dev/latchkey/idp/internal/outbox"
)

// Bounds on a webhook. The timeouts are FusionAuth's defaults.
const (
	defaultConnectTimeout = 1000
	defaultReadTimeout    = 2000
	maxWebhookTimeout     = 60_000
	maxWebhookURL         = 2000
)

type webhookJSON struct {
	ID                     string            `json:"id"`
	URL                    string            `json:"url"`
	Description            string            `json:"description,omitempty"`
	ConnectTimeout         int64             `json:"connectTimeout"`
	ReadTimeout            int64             `json:"readTimeout"`
	Global                 bool              `json:"global"`
	TenantIDs              []string          `json:"tenantIds"`
	EventsEnabled          map[string]bool   `json:"eventsEnabled"`
	SignatureConfiguration signatureSettings `json:"signatureConfiguration"`
	InsertInstant          int64             `json:"insertInstant"`
	LastUpdateInstant      int64             `json:"lastUpdateInstant"`

	// FusionAuth's, and not here: they are secrets that others hold, or the means to send them.
	Headers                    map[string]string `json:"headers,omitempty"`
	HTTPAuthenticationUsername string            `json:"httpAuthenticationUsername,omitempty"`
	HTTPAuthenticationPassword string            `json:"httpAuthenticationPassword,omitempty"`
	SSLCertificate             string            `json:"sslCertificate,omitempty"`
	SSLCertificateKeyID        string            `json:"sslCertificateKeyId,omitempty"`
}

type signatureSettings struct {
	Enabled      *bool  `json:"enabled"` // absent: true, unlike FusionAuth's
	SigningKeyID string `json:"signingKeyId,omitempty"`
}

// seesWebhook reports whether a request in this scope may see the webhook.
func (sc scope) seesWebhook(h outbox.Webhook) bool {
	return sc == "" || !h.Global && len(h.Tenants) == 1 && h.Tenants[0] == string(sc)
}

func newWebhookJSON(h outbox.Webhook) webhookJSON {
	j := webhookJSON{
		ID: h.ID, URL: h.URL, Description: h.Description, ConnectTimeout: h.Connect.Milliseconds(), ReadTimeout: h.Read.Milliseconds(),
		Global: h.Global, TenantIDs: h.Tenants, EventsEnabled: map[string]bool{}, SignatureConfiguration: signatureSettings{Enabled: &h.Signed},
		InsertInstant: h.Inserted, LastUpdateInstant: h.Updated,
	}
	for _, t := range eventTypes {
		j.EventsEnabled[t] = slices.Contains(h.Events, t)
	}
	return j
}

// stored checks the webhook of a request. A caller confined to a tenant creates webhooks for that
// tenant.
func (j webhookJSON) stored(sc scope) (outbox.Webhook, error) {
	var wrong ValidationError
	bad := func(field, kind, message string) {
		wrong = append(wrong, fusion.Invalid("webhook."+field, kind, message)...)
	}
	h := outbox.Webhook{
		URL: j.URL, Description: j.Description, Global: j.Global,
		Signed: j.SignatureConfiguration.Enabled == nil || *j.SignatureConfiguration.Enabled,
	}
	switch u, err := url.Parse(j.URL); {
	case j.URL == "":
		bad("url", "blank", "Say where events are sent.")
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.Fragment != "" || len(j.URL) > maxWebhookURL:
		bad("url", "invalid", "This is no URL like https://host/path, without a password in it.")
	}
	if strings.Contains(j.Description, "\x00") || len(j.Description) > 1000 {
		bad("description", "invalid", "A description has at most 1000 bytes, none of them NUL.")
	}
	h.Connect = timeoutOf("connectTimeout", j.ConnectTimeout, defaultConnectTimeout, bad)
	h.Read = timeoutOf("readTimeout", j.ReadTimeout, defaultReadTimeout, bad)
	h.Events = j.wanted(bad)
	h.Tenants = j.tenantsIn(sc, bad)
	for field, given := range map[string]bool{
		"headers": len(j.Headers) > 0, "httpAuthenticationUsername": j.HTTPAuthenticationUsername != "", "httpAuthenticationPassword": j.HTTPAuthenticationPassword != "",
		"sslCertificate": j.SSLCertificate != "", "sslCertificateKeyId": j.SSLCertificateKeyID != "",
		"signatureConfiguration.signingKeyId": j.SignatureConfiguration.SigningKeyID != "",
	} {
		if given {
			bad(field, "notSupported", "This provider does not have this: events are signed with the key that signs its JWTs.")
		}
	}
	return h, fusion.OrNil(wrong)
}

func timeoutOf(field string, ms, fallback int64, bad func(field, kind, message string)) time.Duration {
	if ms == 0 {
		ms = fallback
	}
	if ms < 1 || ms > maxWebhookTimeout {
		bad(field, "invalid", fmt.Sprintf("A timeout is 1 to %d milliseconds.", maxWebhookTimeout))
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}

// wanted refuses a type that would never come: who enabled it would wait for it.
func (j webhookJSON) wanted(bad func(field, kind, message string)) (types []string) {
	for t, on := range j.EventsEnabled {
		switch {
		case on && !slices.Contains(eventTypes, t):
			bad("eventsEnabled", "notSupported", "This provider raises no such event. It has "+strings.Join(eventTypes, ", ")+".")
			return nil
		case on:
			types = append(types, t)
		}
	}
	slices.Sort(types)
	return types
}

func (j webhookJSON) tenantsIn(sc scope, bad func(field, kind, message string)) []string {
	all := []string{}
	for _, t := range j.TenantIDs {
		id, err := fusion.ParseID("webhook.tenantIds", t)
		if err != nil || id == "" {
			bad("tenantIds", "couldNotConvert", "This is not a UUID.")
			return all
		}
		all = append(all, id)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	switch {
	case sc != "" && (j.Global || len(all) > 1 || len(all) == 1 && all[0] != string(sc)):
		bad("tenantIds", "invalid", "The request is confined to another tenant.")
	case sc != "":
		return []string{string(sc)}
	case j.Global:
		return []string{} // as FusionAuth, which does not look at them
	case len(all) == 0:
		bad("tenantIds", "blank", "Say of which tenants, or make the webhook global.")
	}
	return all
}

// webhookError says in a request's terms what keeps a webhook from being stored.
func webhookError(err error) error {
	switch {
	case errors.Is(err, outbox.ErrDuplicate):
		return fusion.Invalid("webhook.id", "duplicate", "This one is taken.")
	case errors.Is(err, outbox.ErrUnknownTenant):
		return fusion.Invalid("webhook.tenantIds", "invalid", "There is no such tenant.")
	}
	return err
}
