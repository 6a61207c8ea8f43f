package doctor

import (
	"context"
	"fmt"
	"slices"

	"github.com/latchkey-dev/latchkey/internal/issuer"
)

// Embedded is the content of the embedded provider's database. Its settings are in the file;
// latchkey serve applies them at each start.
type Embedded struct {
	Made              bool     // the provider has run before
	Gated             bool     // users must verify their address to log in, and get a mail for it
	UnverifiedImports int      // imported users whose address is not verified
	SwitchedOff       []string // ids of applications
	Issuer            string   // of the default tenant's tokens
}

// embedded checks the provider that latchkey serve runs in its own process.
func (x *examination) embedded(ctx context.Context) {
	if x.Embedded == nil {
		x.found(OK, "provider", "", "the embedded provider is used: latchkey serve sets it up", "")
		return
	}
	e, err := x.Embedded(ctx)
	switch {
	case err != nil:
		x.found(Problem, "provider", "", "cannot open the embedded provider: "+err.Error(), "")
		return
	case !e.Made:
		x.found(OK, "provider", "", "the embedded provider is used, but does not exist yet: latchkey serve creates it", "")
		return
	}
	x.found(OK, "provider", "", "the embedded provider is used: latchkey serve sets it up", "")
	x.embeddedIssuer(e.Issuer)
	for _, a := range x.Apps {
		if slices.Contains(e.SwitchedOff, a.ApplicationID) {
			x.found(Problem, "application", a.name(), "the application is deactivated: nobody can log in", "reactivate it: PATCH /api/application with active, or PUT with reactivate=true")
		}
	}
	verified := slices.ContainsFunc(x.Apps, func(a App) bool { return a.Accounts == "verified" })
	if verified && !e.Gated {
		x.found(Warning, "unverified_behavior", "", "the provider does not make users verify their address, which accounts: verified requires", "start or reload latchkey serve: it sets the tenant")
	}
	if verified && e.UnverifiedImports > 0 {
		x.found(Warning, "unverified_imports", "", fmt.Sprintf("%d imported users cannot log in until they verify their address by mail", e.UnverifiedImports),
			"if the system that they came from had verified it, run latchkey user verify --imported")
	}
}

// embeddedIssuer reports an issuer by which apps cannot verify tokens.
func (x *examination) embeddedIssuer(current string) {
	switch {
	case x.Issuer != "" && x.Issuer != current:
		x.found(Warning, "issuer", "", fmt.Sprintf("the embedded provider's tokens name the issuer %q, not %q", current, x.Issuer), "restart latchkey serve: it takes provider.issuer from the file")
	case issuer.Check(current) != nil:
		x.found(Warning, "issuer", "", fmt.Sprintf(unnamedIssuer, current), "set provider.issuer to the address at which apps reach the provider, such as http://127.0.0.1:9011, and restart latchkey serve")
	}
}

// unnamedIssuer is what is wrong with an issuer that is not a URL.
const unnamedIssuer = "tokens name the issuer %q, which is not a URL: apps that verify JWTs with a library for OpenID Connect refuse them"
