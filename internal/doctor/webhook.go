package doctor

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// A webhook is the part that we read of one.
type webhook struct {
	URL                    string          `json:"url"`
	Global                 bool            `json:"global"`
	TenantIDs              []string        `json:"tenantIds"`
	EventsEnabled          map[string]bool `json:"eventsEnabled"`
	SignatureConfiguration struct {
		Enabled bool `json:"enabled"`
	} `json:"signatureConfiguration"`
}

// wantedEvents are the events that should end sessions immediately.
var wantedEvents = []string{"jwt.refresh-token.revoke", "user.deactivate", "user.delete", "user.password.update"}

// webhooks looks for a webhook that sends us the wanted events.
func (x *examination) webhooks(ctx context.Context) {
	const check = "webhook"
	if x.NoWebhook {
		x.found(Warning, check, "", fmt.Sprintf("events are not configured: sessions learn of changed passwords and locked users at their next refresh, within %v", x.Session.Cap),
			"set provider.webhook_key_set or provider.webhook_secret_file, and add the webhook in FusionAuth; docs/fusionauth.md says how")
		return
	}
	var body struct {
		Webhooks []webhook `json:"webhooks"`
	}
	status, ok := x.read(ctx, check, "", "/api/webhook", &body)
	if status == http.StatusNotFound {
		x.found(Skipped, check, "", "this server does not show its webhooks", "")
	}
	if !ok {
		return
	}
	hook, found := choose(body.Webhooks, x.WebhookURL)
	switch {
	case !found && x.WebhookURL != "":
		x.found(Problem, check, "", "no webhook has a URL like "+x.WebhookURL, "add it under Settings > Webhooks; docs/fusionauth.md says how")
		return
	case !found:
		x.found(Warning, check, "", fmt.Sprintf("no webhook reports changed passwords and locked users: sessions learn of them at their next refresh, within %v", x.Session.Cap), "add one under Settings > Webhooks; docs/fusionauth.md says how")
		return
	}
	judged := judgeWebhook(hook, x.tenants)
	if judged == nil {
		x.found(OK, check, "", hook.URL+" receives signed events that end sessions", "")
	}
	x.findings = append(x.findings, judged...)
}

// choose finds the webhook with our URL or, if we do not know it, one that receives the wanted
// events.
func choose(all []webhook, url string) (webhook, bool) {
	i := slices.IndexFunc(all, func(h webhook) bool {
		if strings.HasPrefix(url, "/") {
			return strings.HasSuffix(h.URL, url)
		}
		if url != "" {
			return strings.TrimSuffix(h.URL, "/") == strings.TrimSuffix(url, "/")
		}
		return slices.ContainsFunc(wantedEvents, func(e string) bool { return h.EventsEnabled[e] })
	})
	if i < 0 {
		return webhook{}, false
	}
	return all[i], true
}

// judgeWebhook reports why events would not arrive, or would be refused.
func judgeWebhook(h webhook, tenants map[string]tenant) (all []Finding) {
	add := func(status Status, check, message, mend string) {
		all = append(all, Finding{Status: status, Check: check, Message: message, Mend: mend})
	}
	if !h.SignatureConfiguration.Enabled {
		add(Problem, "webhook_signature", "the webhook does not sign its events: all are refused", "in the webhook's Security tab, enable Sign events and choose a key")
	}
	var missing []string
	for _, e := range wantedEvents {
		if !h.EventsEnabled[e] {
			missing = append(missing, e)
		}
	}
	if missing != nil {
		add(Problem, "webhook_events", "the webhook does not receive "+strings.Join(missing, ", "), "enable them in the webhook's Events tab")
	}
	for _, id := range slices.Sorted(maps.Keys(tenants)) {
		t := tenants[id]
		if !h.Global && !slices.ContainsFunc(h.TenantIDs, func(of string) bool { return strings.EqualFold(of, id) }) {
			add(Problem, "webhook_tenant", fmt.Sprintf("the webhook is not for the tenant %q", t.Name), "add the tenant in the webhook's Tenants tab, or enable it for all tenants")
		}
		var silent []string
		for _, e := range wantedEvents {
			if !t.EventConfiguration.Events[e].Enabled {
				silent = append(silent, e)
			}
		}
		if silent != nil {
			add(Problem, "webhook_tenant_events", fmt.Sprintf("the tenant %q does not raise %s", t.Name, strings.Join(silent, ", ")), "enable them in the tenant's Webhooks tab")
		}
	}
	return all
}
