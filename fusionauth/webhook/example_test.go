package webhook_test

import (
	"log"
	"net/http"
	"os"

	"github.com/latchkey-dev/latchkey"
	"github.com/latchkey-dev/latchkey/fusionauth/webhook"
)

// The receiver is next to the app's own routes, without Protect: FusionAuth has no cookie, and
// identifies itself with its signature.
func Example() {
	var store, forums *latchkey.Guard // from latchkey.New
	receiver, err := webhook.New(webhook.Config{
		Apps: []webhook.App{
			{ApplicationID: "85a03867-dccf-4882-adde-1a79aeec50df", Guard: store},
			{ApplicationID: "3c219e58-ed0e-4b18-ad48-f4f92793ae32", Guard: forums},
		},
		Secrets: []latchkey.Secret{latchkey.Secret(os.Getenv("FUSIONAUTH_WEBHOOK_SECRET"))},
	})
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/fusionauth/webhook", receiver)
}
