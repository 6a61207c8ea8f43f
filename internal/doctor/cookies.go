package doctor

import (
	"fmt"
	"net/url"
	"strings"
)

// cookies says where browsers would not keep our cookies, or mix them up.
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
			f.add(Problem, "cookies", "this is no origin", "write it like https://store.example.com")
			all = append(all, f.all...)
			continue
		}
		host := strings.ToLower(u.Hostname())
		switch {
		case u.Scheme == "http" && !loopback(host):
			f.add(Problem, "cookies", "over plain HTTP browsers drop the cookies: nobody stays logged in", "use https: tls: in the configuration, or a proxy in front with plain_http_behind_proxy")
		case u.Scheme == "http":
			f.add(Warning, "cookies", "Chromium and Firefox keep Secure cookies over plain HTTP on localhost; Safari does not, and nobody stays logged in there", "to use Safari in development, set tls: local")
		default:
			f.add(OK, "cookies", "browsers keep the cookies", "")
		}
		if other, twice := hosts[host]; twice {
			f.add(Problem, "cookies_host", fmt.Sprintf("%s is on the same host, and cookies know no port: a login in one app overwrites that of the other", other), "give each app a name of its own")
		}
		for parent, origin := range hosts {
			f.relation(host, parent, origin)
		}
		hosts[host] = a.Origin
		all = append(all, f.all...)
	}
	return all
}

// relation sets people at ease whose app has another one on its parent domain.
func (f *findings) relation(host, other, origin string) {
	if strings.HasSuffix(host, "."+other) || strings.HasSuffix(other, "."+host) {
		f.add(OK, "cookies_parent", "one of this app and "+origin+" is on the other's parent domain, and both cookies have one name: harmless, for a name with __Host- is never sent to another host", "")
	}
}
