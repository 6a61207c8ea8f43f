package doctor

import (
	"context"
	"fmt"
	"slices"
)

// Embedded is what the embedded provider's database says. Its settings are those of the file, which latchkey serve sets at each start.
type Embedded struct {
	Made              bool     // it was served before
	Gated             bool     // users prove their address before they are let in, and get a mail for that
	UnverifiedImports int      // users who were imported with an address of which nothing says that it is theirs
	SwitchedOff       []string // ids of applications
}

// embedded looks at the provider that latchkey serve runs in its own process.
func (x *examination) embedded(ctx context.Context) {
	if x.Embedded == nil {
		x.found(OK, "provider", "", "the embedded provider is used: latchkey serve sets it up", "")
		return
	}
	e, err := x.Embedded(ctx)
	switch {
	case err != nil:
		x.found(Problem, "provider", "", "the embedded provider cannot be opened: "+err.Error(), "")
		return
	case !e.Made:
		x.found(OK, "provider", "", "the embedded provider is used, and is not there yet: latchkey serve makes it", "")
		return
	}
	x.found(OK, "provider", "", "the embedded provider is used: latchkey serve sets it up", "")
	for _, a := range x.Apps {
		if slices.Contains(e.SwitchedOff, a.ApplicationID) {
			x.found(Problem, "application", a.name(), "the application is switched off: nobody can log in", "switch it on: PATCH /api/application with active, or PUT with reactivate=true")
		}
	}
	verified := slices.ContainsFunc(x.Apps, func(a App) bool { return a.Accounts == "verified" })
	if verified && !e.Gated {
		x.found(Warning, "unverified_behavior", "", "the provider does not ask users to prove their address, as accounts: verified says; Latchkey lets in nobody else", "start latchkey serve, or reload it: it sets the tenant")
	}
	if verified && e.UnverifiedImports > 0 {
		x.found(Warning, "unverified_imports", "", fmt.Sprintf("%d imported users cannot log in until they prove their address by mail", e.UnverifiedImports),
			"where the system that they came from had verified it: latchkey user verify --imported")
	}
}
