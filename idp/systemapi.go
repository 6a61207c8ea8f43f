package idp

import (
	"net/http"

	"github.com/latchkey-dev/latchkey/idp/internal/fusion"
)

// followedVersion is the FusionAuth whose API this is: clients ask for it to know what they may
// call.
const followedVersion = "1.69.0"

// systemVersion answers GET /api/system/version.
func (s *Server) systemVersion(w http.ResponseWriter, _ *http.Request, _ scope) error {
	return fusion.Reply(w, http.StatusOK, struct {
		Version string `json:"version"`
	}{followedVersion})
}

type enableable struct {
	Enabled bool `json:"enabled"`
}

// systemConfiguration is the part of FusionAuth's that applies here, and is constant: no CORS, no
// telemetry, and X-Forwarded-For is not trusted.
type systemConfiguration struct {
	CORS         enableable     `json:"corsConfiguration"`
	Data         map[string]any `json:"data"`
	Timezone     string         `json:"reportTimezone"`
	TrustedProxy struct {
		Trusted []string `json:"trusted"`
		Policy  string   `json:"trustPolicy"`
	} `json:"trustedProxyConfiguration"`
	UsageData enableable `json:"usageDataConfiguration"`
}

// getSystemConfiguration answers GET /api/system-configuration.
func (s *Server) getSystemConfiguration(w http.ResponseWriter, _ *http.Request, _ scope) error {
	c := systemConfiguration{Timezone: "UTC"}
	c.TrustedProxy.Policy = "OnlyConfigured"
	return fusion.Reply(w, http.StatusOK, struct {
		SystemConfiguration systemConfiguration `json:"systemConfiguration"`
	}{c})
}
