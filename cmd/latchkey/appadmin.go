package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/latchkey-dev/latchkey/idp"
)

// shownApp is an application as the commands print it.
type shownApp struct {
	ID              string `json:"id"`
	TenantID        string `json:"tenantId"`
	Name            string `json:"name"`
	Active          bool   `json:"active"`
	Public          bool   `json:"public"`
	HasClientSecret bool   `json:"hasClientSecret"`
	ClientSecret    string `json:"clientSecret,omitempty"` // where it was just made
	PageURL         string `json:"pageURL,omitempty"`
	AccessSeconds   int64  `json:"accessTokenSeconds"`
	RefreshSeconds  int64  `json:"refreshTokenSeconds"`
}

func shownAppOf(a idp.KnownApplication) shownApp {
	return shownApp{
		ID: a.ID, TenantID: a.TenantID, Name: a.Name, Active: a.Active, Public: a.ClientAuthenticationPolicy == idp.ClientAuthenticationNotRequired,
		HasClientSecret: a.HasClientSecret, PageURL: a.PageURL, AccessSeconds: int64(a.AccessTokenTTL.Seconds()), RefreshSeconds: int64(a.RefreshTokenTTL.Seconds()),
	}
}

// client says how the application authenticates at /oauth2/token.
func (a shownApp) client() string {
	switch {
	case a.Public:
		return "public"
	case a.HasClientSecret:
		return "client secret"
	}
	return "no client secret"
}

func (a shownApp) state() string {
	if a.Active {
		return "active"
	}
	return "switched off"
}

type appListCommand struct {
	providerPlace
	JSON bool `name:"json" help:"Print JSON."`
}

func (c appListCommand) Run(w world) error {
	return c.use(w, func(server *idp.Server) error {
		all, err := server.Applications(w.ctx)
		if err != nil {
			return err
		}
		list := make([]shownApp, 0, len(all))
		for _, a := range all {
			list = append(list, shownAppOf(a))
		}
		if c.JSON {
			return printJSON(w, struct {
				Applications []shownApp `json:"applications"`
			}{list})
		}
		table := tabwriter.NewWriter(w.stdout, 0, 0, 2, ' ', 0)
		for _, a := range list {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", a.Name, a.ID, a.state(), a.client())
		}
		return table.Flush()
	})
}

type appShowCommand struct {
	namedApp
	JSON bool `name:"json" help:"Print JSON."`
}

func (c appShowCommand) Run(w world) error {
	return c.use(w, func(server *idp.Server) error {
		a, err := findApp(w.ctx, server, c.App)
		if err != nil {
			return err
		}
		s := shownAppOf(a)
		if c.JSON {
			return printJSON(w, s)
		}
		table := tabwriter.NewWriter(w.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintf(table, "id\t%s\ntenant\t%s\nname\t%s\nstate\t%s\nclient\t%s\npage\t%s\naccess token\t%s\nrefresh token\t%s, at most %s\n",
			s.ID, s.TenantID, s.Name, s.state(), s.client(), s.PageURL, a.AccessTokenTTL, a.RefreshTokenTTL, a.RefreshTokenMaxTTL)
		return table.Flush()
	})
}

type appSecretCommand struct {
	namedApp
	JSON bool `name:"json" help:"Print JSON."`
}

func (c appSecretCommand) Run(w world) error {
	return c.with(w, "change client_secret", func(server *idp.Server, a idp.KnownApplication) error {
		secret, err := server.NewClientSecret(w.ctx, a.ID)
		if err == nil {
			a, err = server.ApplicationByID(w.ctx, a.ID)
		}
		if err != nil {
			return err
		}
		return tellSecret(w, "new client secret for", a, secret, c.JSON)
	})
}

type appDeleteCommand struct {
	namedApp
	JSON bool `name:"json" help:"Print JSON."`
}

func (c appDeleteCommand) Run(w world) error {
	return c.with(w, "remove it", func(server *idp.Server, a idp.KnownApplication) error {
		if err := server.DeleteApplication(w.ctx, a.ID); err != nil {
			return err
		}
		return tellSecret(w, "deleted", a, "", c.JSON)
	})
}
