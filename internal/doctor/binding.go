package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// A deviceRoute is one of the guard's routes for device-bound sessions.
type deviceRoute struct {
	path  string // below the guard's base
	empty int    // the status of the guard's response to a request that says nothing
	says  string // what is in the body of that response; empty: there is none
	costs string // what another response costs
}

var deviceRoutes = [...]deviceRoute{
	{"/dbsc/register", http.StatusForbidden, "", "no session is bound to a device"},
	{"/dbsc/refresh", http.StatusServiceUnavailable, `"provider_unavailable"`, "browsers drop their key, and their users must log in again"},
}

// binding checks whether browsers can bind the sessions of an app to their device (W3C, "Device
// Bound Session Credentials"). A browser ignores without a word what does not suit it, and drops
// its key over most responses that are not the guard's. So the routes are asked from outside, as a
// browser would ask them.
func (x *examination) binding(ctx context.Context, a App) {
	origin, err := url.Parse(a.Origin)
	if a.BasePath == "" || err != nil || origin.Host == "" {
		return
	}
	const check = "device_binding"
	if origin.Scheme != "https" {
		x.found(Skipped, check, a.name(), "browsers bind sessions to a device over https only, and ignore the offer elsewhere without a word", "to try it in development, set tls: local")
		return
	}
	reached := true
	for _, route := range deviceRoutes {
		r, err := x.post(ctx, origin, a.BasePath+route.path)
		if err != nil {
			x.unasked(a, origin, err)
			return
		}
		if wrong := route.wrong(r); wrong != "" {
			reached = false
			x.found(Problem, "device_binding_routes", a.name(), fmt.Sprintf("POST %s %s: %s", a.BasePath+route.path, wrong, route.costs), route.mend(r))
		}
	}
	if reached {
		x.found(OK, "device_binding_routes", a.name(), "browsers reach the routes of device-bound sessions", "")
		x.bindingTrial(ctx, a, origin)
	}
}

// post sends what a browser sends that has nothing to say.
func (x *examination) post(ctx context.Context, origin *url.URL, path string) (reply, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, origin.JoinPath(path).String(), nil)
	if err != nil {
		return reply{}, err
	}
	r.Header = http.Header{
		"Origin": {origin.String()}, "Sec-Fetch-Site": {"same-origin"}, "Sec-Fetch-Mode": {"no-cors"}, "Sec-Fetch-Dest": {"empty"},
		"User-Agent": {userAgent},
	}
	return x.send(r)
}

// unasked says why the routes could not be asked.
func (x *examination) unasked(a App, origin *url.URL, err error) {
	const check = "device_binding"
	what, _ := unreachable(err, origin)
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &certificate) {
		x.found(Warning, check, a.name(), what+": where browsers do not trust it either, they bind no session, without a word and even if the user accepts the certificate",
			"use a certificate that browsers trust; with tls: local, have this machine and the browsers trust its authority, as latchkey serve says at its start")
		return
	}
	x.found(Skipped, check, a.name(), "cannot see whether browsers can bind sessions to their device: "+what, "start latchkey serve, and run doctor where browsers find the app")
}

// wrong says what is wrong with the response; empty if it is the guard's.
func (d deviceRoute) wrong(r reply) string {
	switch {
	case r.status >= 300 && r.status < 400:
		return fmt.Sprintf("is redirected to %q", destination(r))
	case r.status != d.empty:
		return fmt.Sprintf("is answered with %d instead of %d", r.status, d.empty)
	case !d.answered(r):
		return fmt.Sprintf("is answered with %d, but not by Latchkey", r.status)
	}
	return ""
}

// answered reports whether a response with the right status is the guard's. Something in front may
// have changed one of its headers: browsers do not mind.
func (d deviceRoute) answered(r reply) bool {
	header := r.header.Get("Cross-Origin-Resource-Policy") == "same-origin" || strings.Contains(r.header.Get("Cache-Control"), "no-store")
	return header && strings.Contains(string(r.body), d.says) && (d.says != "" || len(r.body) == 0)
}

func (d deviceRoute) mend(r reply) string {
	if r.status == http.StatusNotFound {
		return "correct the base path, or update Latchkey on all nodes; in Go, mount Guard.Handler, or ServeDeviceRegistration and ServeDeviceRefresh at their paths"
	}
	return "have what is in front of Latchkey pass this path on as it is, without redirect, login, bot check, rate limit or maintenance page"
}
