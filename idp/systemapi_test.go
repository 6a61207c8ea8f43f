package idp_test

import (
	"net/http"
	"testing"
)

func TestSystem(t *testing.T) {
	w := newWorld(t)
	if v := w.keyed("GET", "/api/system/version", "").want(http.StatusOK).text("version"); v != "1.69.0" {
		t.Errorf("version %q", v)
	}
	var body struct {
		SystemConfiguration struct {
			ReportTimezone    string
			CORSConfiguration struct{ Enabled bool }
		}
	}
	w.keyed("GET", "/api/system-configuration", "").want(http.StatusOK).decode(&body)
	if c := body.SystemConfiguration; c.ReportTimezone != "UTC" || c.CORSConfiguration.Enabled {
		t.Errorf("%+v", c)
	}
	for _, path := range []string{"/api/system/version", "/api/system-configuration"} {
		w.send("GET", path, "", "").wantEmpty(http.StatusUnauthorized)
		w.keyed("PATCH", path, "{}").wantEmpty(http.StatusMethodNotAllowed)
	}
}
