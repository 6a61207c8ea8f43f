package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/latchkey-dev/latchkey/idp"
)

type apiKeyCommand struct {
	Add    apiKeyAddCommand    `cmd:"" help:"Make an API key, limited to the calls that you name. It is shown once."`
	List   apiKeyListCommand   `cmd:"" help:"List API keys, without the keys themselves."`
	Delete apiKeyDeleteCommand `cmd:"" help:"Delete an API key. It stops working immediately."`
}

type apiKeyAddCommand struct {
	providerPlace
	Description string        `arg:"" help:"What it is for."`
	May         []string      `placeholder:"PATH:METHODS" sep:"none" help:"A call that it may make, such as /api/user:GET,POST. Can be repeated. Leave ids out of the path, as in FusionAuth."`
	Everything  bool          `help:"Allow every call, including those that manage API keys."`
	Tenant      string        `placeholder:"ID" help:"The tenant that it is limited to. Default: all tenants."`
	Expires     time.Duration `placeholder:"TIME" help:"How long it is valid, such as 720h. Default: until it is deleted."`
	JSON        bool          `name:"json" help:"Print JSON."`
}

// Run refuses to make a key without permissions: --may or --everything must be given.
func (c apiKeyAddCommand) Run(w world) error {
	endpoints, err := c.endpoints()
	if err == nil && c.Expires < 0 {
		err = errors.New("--expires: want a positive duration, such as 720h")
	}
	if err != nil {
		return &usageError{err}
	}
	wanted := idp.KnownAPIKey{Description: c.Description, TenantID: c.Tenant, Endpoints: endpoints}
	if c.Expires > 0 {
		wanted.Expiry = time.Now().Add(c.Expires)
	}
	return c.use(w, func(server *idp.Server) error {
		key, made, err := server.NewAPIKey(w.ctx, wanted)
		if err != nil {
			return err
		}
		if c.JSON {
			s := shownAPIKeyOf(made)
			s.Key = key
			return printJSON(w, s)
		}
		fmt.Fprintln(w.stdout, "added", made.ID)
		fmt.Fprintln(w.stdout, "API key:", key)
		fmt.Fprintln(w.stderr, "save the key: it is not shown again")
		return nil
	})
}

func (c apiKeyAddCommand) endpoints() (map[string][]string, error) {
	if c.Everything == (len(c.May) > 0) {
		return nil, errors.New("say what the key may do: --may /api/user:GET,POST for each call, or --everything")
	}
	endpoints := make(map[string][]string)
	for _, may := range c.May {
		path, methods, ok := strings.Cut(may, ":")
		if !ok || methods == "" {
			return nil, fmt.Errorf("--may %s: want a path, a colon, and methods, such as /api/user:GET,POST", may)
		}
		endpoints[path] = append(endpoints[path], strings.Split(methods, ",")...)
	}
	return endpoints, nil
}

// shownAPIKey is an API key as the commands print it.
type shownAPIKey struct {
	ID          string              `json:"id"`
	Description string              `json:"description"`
	Key         string              `json:"key,omitempty"` // where it was just made
	TenantID    string              `json:"tenantId,omitempty"`
	Endpoints   map[string][]string `json:"endpoints,omitempty"` // none: everything
	Created     time.Time           `json:"created"`
	Expires     time.Time           `json:"expires,omitzero"`
}

func shownAPIKeyOf(k idp.KnownAPIKey) shownAPIKey {
	return shownAPIKey{ID: k.ID, Description: k.Description, TenantID: k.TenantID, Endpoints: k.Endpoints, Created: k.InsertInstant, Expires: k.Expiry}
}

// may describes on one line what a key is allowed to do.
func (k shownAPIKey) may() string {
	if len(k.Endpoints) == 0 {
		return "everything"
	}
	var all []string
	for _, path := range slices.Sorted(maps.Keys(k.Endpoints)) {
		all = append(all, path+":"+strings.Join(k.Endpoints[path], ","))
	}
	return strings.Join(all, " ")
}

func (k shownAPIKey) until(now time.Time) string {
	switch {
	case k.Expires.IsZero():
		return "for good"
	case !now.Before(k.Expires):
		return "expired"
	}
	return "until " + k.Expires.Local().Format(time.DateTime)
}

type apiKeyListCommand struct {
	providerPlace
	JSON bool `name:"json" help:"Print JSON."`
}

// Run lists them.
func (c apiKeyListCommand) Run(w world) error {
	return c.use(w, func(server *idp.Server) error {
		all, err := server.APIKeys(w.ctx)
		if err != nil {
			return err
		}
		list := make([]shownAPIKey, 0, len(all))
		for _, k := range all {
			list = append(list, shownAPIKeyOf(k))
		}
		if c.JSON {
			return printJSON(w, struct {
				APIKeys []shownAPIKey `json:"apiKeys"`
			}{list})
		}
		table := tabwriter.NewWriter(w.stdout, 0, 0, 2, ' ', 0)
		for _, k := range list {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", k.ID, k.Description, k.until(time.Now()), k.may())
		}
		return table.Flush()
	})
}

type apiKeyDeleteCommand struct {
	providerPlace
	ID string `arg:"" name:"id" help:"The key's id, as list shows it."`
}

// Run deletes one.
func (c apiKeyDeleteCommand) Run(w world) error {
	return c.use(w, func(server *idp.Server) error {
		err := server.DeleteAPIKey(w.ctx, c.ID)
		if errors.Is(err, idp.ErrNotFound) {
			return fmt.Errorf("no API key has the id %s: latchkey api-key list shows them", c.ID)
		}
		if err == nil {
			_, err = fmt.Fprintln(w.stdout, "deleted", c.ID)
		}
		return err
	})
}
