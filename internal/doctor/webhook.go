package doctor

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// A webhook is what we read of one.
type webhook struct {
	URL                    string          `json:"url"`
	Global                 bool            `json:"global"`
	TenantIDs              []string        `json:"tenantIds"`
	EventsEnabled          map[string]bool `json:"eventsEnabled"`
	SignatureConfiguration struct {
		Enabled bool `json:"enabled"`
	} `json:"signatureConfiguration"`
}

// wantedEvents are those that should end sessions at once.
var wantedEvents = []string{"jwt.refresh-token.revoke", "user.deactivate", "user.delete", "user.password.update"}

// webhooks looks for one that tells us of ends.
func (x *examination) webhooks(ctx context.Context) {
	const check = "webhook"
	if x.NoWebhook {
		x.found(Warning, check, "", fmt.Sprintf("the configuration takes no events: sessions learn of changed passwords and locked users at their next refresh, within %v", x.Session.Cap),
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
		x.found(Warning, check, "", fmt.Sprintf("no webhook tells of changed passwords and locked users: sessions learn it at their next refresh, within %v", x.Session.Cap), "add one under Settings > Webhooks; docs/fusionauth.md says how")
		return
	}
	judged := judgeWebhook(hook, x.tenants)
	if judged == nil {
		x.found(OK, check, "", hook.URL+" is told of what ends sessions, with a signature", "")
	}
	x.findings = append(x.findings, judged...)
}

// choose finds the webhook with our URL or, where we do not know it, one that is told of what we want to know.
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

// judgeWebhook says why events would not come, or would be refused.
func judgeWebhook(h webhook, tenants map[string]tenant) (all []Finding) {
	add := func(status Status, check, message, mend string) {
		all = append(all, Finding{Status: status, Check: check, Message: message, Mend: mend})
	}
	if !h.SignatureConfiguration.Enabled {
		add(Problem, "webhook_signature", "the webhook does not sign its events: every one is refused", "in the webhook's Security tab, enable Sign events and choose a key")
	}
	var missing []string
	for _, e := range wantedEvents {
		if !h.EventsEnabled[e] {
			missing = append(missing, e)
		}
	}
	if missing != nil {
		add(Problem, "webhook_events", "the webhook is not told of "+strings.Join(missing, ", "), "enable them in the webhook's Events tab")
	}
	for _, id := range slices.Sorted(maps.Keys(tenants)) {
		t := tenants[id]
		if !h.Global && !slices.ContainsFunc(h.TenantIDs, func(of string) bool { return strings.EqualFold(of, id) }) {
			add(Problem, "webhook_tenant", fmt.Sprintf("the webhook is not for the tenant %q", t.Name), "add the tenant in the webhook's Tenants tab, or have it for all tenants")
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
