package fusion

import (
	"net/http"
	"strings"
)

// NotBuilt lists the calls of FusionAuth that a client may make and that this provider does not
// have. They answer 501 and say so, because 404 would mean that an object is missing. A slash at
// the end stands for everything below, too.
var NotBuilt = []string{
	"/api/application/search", "/api/connector/", "/api/consent/", "/api/email/", "/api/entity/", "/api/form/", "/api/group/",
	"/api/identity/", "/api/identity-provider/", "/api/integration", "/api/ip-acl/", "/api/jwt/issue", "/api/jwt/reconcile", "/api/jwt/vend",
	"/api/lambda/", "/api/message/", "/api/messenger/", "/api/passwordless/", "/api/reactor/", "/api/report/",
	"/api/system/audit-log/", "/api/system/event-log/", "/api/system/login-record/", "/api/system/reindex",
	"/api/system/webhook-attempt-log/", "/api/system/webhook-event-log/", "/api/tenant-manager/", "/api/tenant/search",
	"/api/theme/", "/api/two-factor/send/", "/api/two-factor/start", "/api/two-factor/status/", "/api/user-action/", "/api/user-action-reason/",
	"/api/user/action/", "/api/user/bulk", "/api/user/comment/", "/api/user/consent/", "/api/user/family/", "/api/user/recent-login",
	"/api/user/refresh-token/", "/api/user/verify-registration/", "/api/webauthn/assert", "/api/webauthn/import",
	"/oauth2/device/", "/oauth2/device_authorize",
}

// HandleNotBuilt makes the calls of [NotBuilt] answer 501.
func HandleNotBuilt(mux *http.ServeMux) {
	for _, path := range NotBuilt {
		mux.HandleFunc(path, notImplemented)
		if exact, below := strings.CutSuffix(path, "/"); below {
			mux.HandleFunc(exact, notImplemented)
		}
	}
}

func notImplemented(w http.ResponseWriter, _ *http.Request) {
	Reply(w, http.StatusNotImplemented, ErrorBody(Invalid("", "notImplemented",
		"This provider does not have this call of FusionAuth's: see docs/fusionauth-compatibility.md.")))
}
