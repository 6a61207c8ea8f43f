package doctor

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
)

// front checks what browsers get from an app: the app behind the gateway, and its page.
func (x *examination) front(ctx context.Context, a App) {
	if a.Upstream != "" {
		if err := x.answers(ctx, a.Upstream); err != nil {
			x.found(Warning, "upstream", a.name(), "the app does not answer at "+a.Upstream+": "+err.Error(), "start it, or correct upstream: in the configuration")
		} else {
			x.found(OK, "upstream", a.name(), "the app answers", "")
		}
	}
	if a.DevServer != "" {
		if err := x.answers(ctx, a.DevServer); err != nil {
			x.found(Warning, "page", a.name(), "the page's development server does not answer at "+a.DevServer+": "+err.Error(), "start it, or correct spa: in the configuration")
		}
	}
	if a.Page != "" {
		if _, err := os.Stat(filepath.Join(a.Page, "index.html")); err != nil {
			x.found(Problem, "page", a.name(), "cannot serve the page: "+err.Error(), "build the page, or set spa: in the configuration to the folder of its built files")
		} else {
			x.found(OK, "page", a.name(), "the page has an index.html", "")
		}
	}
}

// answers sends HEAD, which changes nothing. Any response will do.
func (x *examination) answers(ctx context.Context, address string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodHead, address, nil)
	if err != nil {
		return errors.New("not a URL")
	}
	resp, err := x.http.Do(r)
	if err != nil {
		var withURL *url.Error
		if errors.As(err, &withURL) {
			err = withURL.Err
		}
		return err
	}
	return resp.Body.Close()
}
