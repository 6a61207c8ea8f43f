package doctor

import (
	"fmt"
	"net/url"
	"strings"
)

// cookies reports where browsers would drop our cookies, or mix them up.
func cookies(apps []App) []Finding {
	var all []Finding
	hosts := make(map[string]string) // origins
	for _, a := range apps {
		if a.Origin == "" {
			continue
		}
		f := findings{app: a.Origin}
		u, err := url.Parse(a.Origin)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			f.add(Problem, "cookies", "not an origin", "write it like https://store.example.com")
			all = append(all, f.all...)
			continue
		}
		host := strings.ToLower(u.Hostname())
		switch {
		case u.Scheme == "http" && !loopback(host):
			f.add(Problem, "cookies", "browsers drop the cookies over plain HTTP: nobody stays logged in", "use https: tls: in the configuration, or a proxy in front with plain_http_behind_proxy")
		case u.Scheme == "http":
			f.add(Warning, "cookies", "Chromium and Firefox keep Secure cookies over plain HTTP on localhost; Safari does not, so nobody stays logged in there", "to use Safari in development, set tls: local")
		default:
			f.add(OK, "cookies", "browsers keep the cookies", "")
		}
		if other, twice := hosts[host]; twice {
			f.add(Problem, "cookies_host", fmt.Sprintf("%s is on the same host, and cookies do not depend on the port: a login in one app overwrites that of the other", other), "give each app its own host name")
		}
		for parent, origin := range hosts {
			f.relation(host, parent, origin)
		}
		hosts[host] = a.Origin
		all = append(all, f.all...)
	}
	return all
}

// relation reassures operators who have another app on the parent domain.
func (f *findings) relation(host, other, origin string) {
	if strings.HasSuffix(host, "."+other) || strings.HasSuffix(other, "."+host) {
		f.add(OK, "cookies_parent", "this app and "+origin+" share a parent domain, and their cookies have the same name: harmless, because a __Host- cookie is never sent to another host", "")
	}
}
