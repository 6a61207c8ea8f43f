package account

import "strings"

// PagePath is where a gateway serves its own page for the links in mails, below the origin of each app.
const PagePath = "/.latchkey/account/"

// PageURL is the address of that page for an app's origin, "https://shop.example.com". A mail links to it with "#verify-email=" or "#reset-password="
// and the id behind it.
func PageURL(origin string) string { return strings.TrimSuffix(origin, "/") + PagePath }
