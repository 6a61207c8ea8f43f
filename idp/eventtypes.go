package idp

// eventTypes are the events that this provider raises. jwt.refresh is not among them, because
// FusionAuth's contains live tokens.
var eventTypes = []string{
	"jwt.refresh-token.revoke",
	"user.bulk.create", "user.create", "user.deactivate", "user.delete", "user.email.verified", "user.login.failed", "user.login.success",
	"user.password.update", "user.reactivate", "user.registration.create", "user.registration.delete", "user.registration.update",
	"user.two-factor.method.add", "user.two-factor.method.remove", "user.update",
}

// eventConfigurationJSON says of a tenant which events exist, and that no call waits for webhooks.
// It is only shown: webhooks say which events they want.
type eventConfigurationJSON struct {
	Events map[string]eventSetting `json:"events,omitempty"`
}

type eventSetting struct {
	Enabled         bool   `json:"enabled"`
	TransactionType string `json:"transactionType"`
}

func allEvents() eventConfigurationJSON {
	all := eventConfigurationJSON{map[string]eventSetting{}}
	for _, t := range eventTypes {
		all.Events[t] = eventSetting{true, "None"}
	}
	return all
}
