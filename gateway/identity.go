package gateway

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// identityHeaders are the request headers by which proxies tell apps who the user is, where the
// request comes from, and what it is for. A client must not set any of them. A star at the end
// matches any rest of the name, a star in front any beginning. The second column says whose they
// are; docs/gateway.md has the same table.
var identityHeaders = [...]struct{ names, of string }{
	{"Authorization, Latchkey*, X-Latchkey*, Sec-Secure-Session-*, Sec-Session-*, Secure-Session-*", "Latchkey"},
	{"Forwarded, Forwarded-*, Via, X-Forward*, Proxy, Proxy-*, X-Proxy*", "RFC 7239, RFC 9110, and the headers before them"},
	{"*-Client-Ip, *-Connecting-Ip, *-Real-Ip, *-Cluster-Client-Ip, Client-Ip, X-Clientip, X-Real-*, X-Remote-*, X-Originating-*, X-Coming-From, X-Sucuri-*, Akamai-*, X-Akamai-*", "nginx, HAProxy, Rackspace, Akamai, Fastly, Fly.io, Sucuri: the address of the browser"},
	{"X-Original-*, X-Rewrite-*, X-Host, X-Script-Name, X-Http-Path-Override, X-Http-Host-Override, X-Replaced-Path, X-Scheme, X-Url-Scheme, Front-End-Https, Disguised-Host", "nginx, IIS, ingress-nginx, Traefik, WSGI servers, Azure: another path, host or scheme"},
	{"X-Http-Method*, X-Method-Override", "frameworks: another method"},
	{"X-Sendfile*, X-Lighttpd-*, X-Accel-*", "Apache, lighttpd, nginx: files that the proxy shall send"},
	{"X-Middleware-*, X-Invoke-*, X-Now-*, X-Matched-Path, X-Astro-*, X-React-Router-*", "Next.js, Astro, React Router: middleware to pass over, another route, answers that are to be cached"},
	{"Remote-*", "Authelia, CGI: the user"},
	{"X-Auth*, X-User*, X-Email, X-Group, X-Groups, X-Role, X-Roles", "oauth2-proxy, authentik, Authelia, many apps"},
	{"X-Principal*, X-Subject, X-Identity, X-Permissions, X-Scopes, X-Sso-*, X-Saml-*, X-Oidc-*, X-Ldap-*, X-Cas-*, Cas-*", "single sign-on in front of apps"},
	{"X-Webauth-*, X-Scope-Orgid", "Grafana, Loki, Mimir"},
	{"X-Webobjects-*, Es-Security-*, X-Sp-*, X-Rstudio-*, Rstudio-*, Posit-*, Shiny-Server-*", "SOGo, Elasticsearch, ShinyProxy, Posit"},
	{"X-Token-Subject, X-Token-User*", "Caddy Security"},
	{"X-Jwt-*, X-Access-Token, X-Id-Token", "WSO2, oauth2-proxy, API gateways: tokens"},
	{"Oidc-*, Mellon-*, Shib-*, X-Shib-*, Eppn, Persistent-Id, Subject-Id, Pairwise-Id, Targeted-Id, Affiliation, Unscoped-Affiliation, Entitlement, Ismemberof, Uid, Cn, Mail", "mod_auth_openidc, mod_auth_mellon, Shibboleth"},
	{"Sm-*, Smuser, Iv-*, Oam-*, Wl-Proxy-*, X-Rh-Identity, X-Agw-*", "SiteMinder, IBM Verify Access, Oracle Access Manager, WebLogic, Red Hat 3scale, MuleSoft"},
	{"X-Pomerium-*, X-Vouch-*, X-Kratos-*, Tailscale-*, Teleport-*, Ngrok-Auth-*", "Pomerium, Vouch Proxy, Ory, Tailscale Serve, Teleport, ngrok"},
	{"X-Consumer-*, X-Credential-*, X-Anonymous-Consumer", "Kong"},
	{"X-Hasura-*", "Hasura"},
	{"Impersonate-*, Kubeflow-*, L5d-*, Dapr-*", "Kubernetes, Kubeflow, Linkerd, Dapr"},
	{"Grpc-Metadata-*", "grpc-gateway: what follows, as if it had come alone"},
	{"Client-Cert*, X-Client-Cert*, X-Client-Verify, X-Client-Dn, X-Ssl, X-Ssl-*, Ssl-*, X-Tls-*, Tls-*, X-Mtls-*, X-Cert, X-Cert-*, X-Certificate-*", "RFC 9440, nginx, HAProxy: certificates of clients"},
	{"X-Envoy-*", "Envoy"},
	{"Cf-*, X-Cf-*", "Cloudflare, Cloudflare Access, Cloud Foundry"},
	{"X-Amzn-Oidc-*, X-Amzn-Mtls-*, X-Amzn-Request-Context, X-Amzn-Lambda-Context, Cloudfront-*", "AWS load balancers, Lambda, CloudFront"},
	{"X-Goog-Authenticated-*, X-Goog-Iap-*, X-Endpoint-Api-*, X-Apigateway-Api-*, X-Appengine-*, Appengine-*, X-Serverless-Authorization", "Google Cloud"},
	{"X-Ms-Client-*, X-Ms-Token-*, X-Azure-*, X-Arr-*", "Azure App Service, Front Door, IIS"},
	{"Fastly-*, Fly-*, X-Vercel-*, X-Nf-*, Sf-Context-*", "Fastly, Fly.io, Vercel, Netlify, Snowflake"},
}

// names is a set of header names in canonical form, with prefixes and suffixes.
type names struct {
	exact    map[string]bool
	prefixes map[byte][]string // by their first letter
	suffixes []string
}

var identity = identityNames()

func identityNames() names {
	var lists []string
	for _, row := range identityHeaders {
		lists = append(lists, row.names)
	}
	return parseNames(lists...)
}

func parseNames(lists ...string) names {
	n := names{exact: make(map[string]bool), prefixes: make(map[byte][]string)}
	for name := range strings.SplitSeq(strings.Join(lists, ", "), ", ") {
		if prefix, ok := strings.CutSuffix(name, "*"); ok {
			n.prefixes[prefix[0]] = append(n.prefixes[prefix[0]], prefix)
		} else if suffix, ok := strings.CutPrefix(name, "*"); ok {
			n.suffixes = append(n.suffixes, suffix)
		} else {
			n.exact[name] = true
		}
	}
	return n
}

// has takes a name in canonical form, which net/http's names already have: comparing costs no
// allocation.
func (n names) has(name string) bool {
	if name == "" || n.exact[name] {
		return true
	}
	for _, prefix := range n.prefixes[name[0]] {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	for _, suffix := range n.suffixes {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	return false
}

// canonical returns a set of names.
func canonical(names ...string) map[string]bool {
	set := make(map[string]bool)
	for _, name := range names {
		set[http.CanonicalHeaderKey(name)] = true
	}
	return set
}

// indispensable are the request headers that an app needs, or that the gateway sets.
var indispensable = parseNames("Authorization, Latchkey*, X-Forwarded*, Host, Cookie, Content-*, Sec-Websocket-*",
	"Connection, Upgrade, Transfer-Encoding, Te, Trailer, Keep-Alive, Expect")

// droppedHeaders reads the names of an App's DropHeaders.
func droppedHeaders(list []string) (map[string]bool, error) {
	var errs []error
	for _, name := range list {
		switch {
		case !plainName(name):
			errs = append(errs, fmt.Errorf("drop_headers: %q is not the name of a header: want whole names, such as X-Corp-User", name))
		case indispensable.has(http.CanonicalHeaderKey(name)):
			errs = append(errs, fmt.Errorf("drop_headers: %s: the gateway sets it or the app needs it: leave it out", name))
		}
	}
	return canonical(list...), errors.Join(errs...)
}

// allowedHeaders reads the names of an App's AllowHeaders.
func allowedHeaders(list []string) (map[string]bool, error) {
	var errs []error
	for _, name := range list {
		switch {
		case !plainName(name):
			errs = append(errs, fmt.Errorf("allow_headers: %q is not the name of a header: want whole names, such as Access-Control-Allow-Origin", name))
		case bindsDevice(http.CanonicalHeaderKey(name)):
			errs = append(errs, fmt.Errorf("allow_headers: %s: the login's own, with which an app could take browsers their keys: leave it out", name))
		}
	}
	return canonical(list...), errors.Join(errs...)
}
