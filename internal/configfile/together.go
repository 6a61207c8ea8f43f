package configfile

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
)

// together checks what concerns several keys.
func (r *reader) together(f *File) {
	r.exposure(f)
	r.ports(f)
	r.mails(f)
	r.loops(f)
	hosts := make(map[string]bool)
	applications := make(map[string]*App)
	for i := range f.Apps {
		app, key := &f.Apps[i], fmt.Sprintf("apps[%d]", i)
		if name := hostname(app.Host); r.read(key+".host") && hosts[name] {
			r.wrong(key+".host", "two apps on the host "+name+": browsers would mix up their cookies, which know no port")
		} else {
			hosts[name] = true
		}
		switch first := applications[app.ApplicationID]; {
		case app.ApplicationID == "" || f.Provider.URL != "":
		case first == nil:
			applications[app.ApplicationID] = app
		case first.ClientSecret != app.ClientSecret:
			r.wrong(key+".client_secret", "another app has the same application_id and another client_secret: write the same one, or another application_id")
		}
	}
}

// exposure checks who could read along, and whose word is taken for the browser's address.
func (r *reader) exposure(f *File) {
	host, _, err := net.SplitHostPort(f.Listen)
	if err == nil && !r.unread["listen"] && r.missing("tls") && r.missing("plain_http_behind_proxy") && !loopback(host) {
		r.wrong("listen", f.Listen+" without tls: passwords and cookies would cross the network for everybody to read. Set tls:, listen on 127.0.0.1, "+
			"or, where a proxy in front does TLS and the network to it is trusted, set plain_http_behind_proxy: true")
	}
	if f.PlainBehindProxy && !r.missing("tls") {
		r.wrong("plain_http_behind_proxy", "there is tls: leave one of the two out")
	} else if f.PlainBehindProxy && len(f.TrustedProxies) == 0 && (r.missing("trusted_proxies") || r.read("trusted_proxies")) {
		r.wrong("plain_http_behind_proxy", "there are no trusted_proxies: all browsers would count as one, and one of them could use up every attempt to log in. "+
			"Write trusted_proxies: with the proxy's address")
	}
	if f.Redirect != "" && r.missing("tls") {
		r.wrong("redirect", "there is no tls to redirect to")
	}
}

// ports finds addresses of which only one could be taken.
func (r *reader) ports(f *File) {
	type taken struct{ key, address string }
	var before []taken
	for _, t := range []taken{{"provider.listen", f.Provider.Listen}, {"listen", f.Listen}, {"redirect", f.Redirect}, {"admin", f.Admin}} {
		if t.address == "" || t.key == "provider.listen" && f.Provider.URL != "" || r.unread[t.key] {
			continue
		}
		for _, other := range before {
			if collide(t.address, other.address) {
				r.wrong(t.key, fmt.Sprintf("%s is taken by %s (%s): write another port", t.address, other.key, other.address))
				break
			}
		}
		before = append(before, t)
	}
}

// loops finds apps that would be the gateway itself. A request would go round until no connection is left.
func (r *reader) loops(f *File) {
	for i, app := range f.Apps {
		for name, value := range map[string]string{"upstream": app.Upstream, "spa": app.SPA} {
			key := fmt.Sprintf("apps[%d].%s", i, name)
			u, err := url.Parse(value)
			if err != nil || u.Port() == "" || !r.read(key) || r.unread["listen"] {
				continue
			}
			listens, _, _ := net.SplitHostPort(f.Listen)
			here := u.Hostname() == listens || loopback(u.Hostname()) || everywhere(u.Hostname())
			if here && collide(u.Host, f.Listen) {
				r.wrong(key, value+" is where the gateway listens: write the address of the app behind, or another port for listen")
			}
		}
	}
}

// collide reports whether two addresses have the same port, and hosts that cannot share it.
func collide(a, b string) bool {
	hostA, portA, _ := net.SplitHostPort(a)
	hostB, portB, _ := net.SplitHostPort(b)
	return portA == portB && portA != "0" && (hostA == hostB || everywhere(hostA) || everywhere(hostB) || hostA == "localhost" && loopback(hostB) || hostB == "localhost" && loopback(hostA))
}

func everywhere(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "" || err == nil && ip.IsUnspecified()
}

// mails checks that the embedded provider can send the mails that accounts need, and that a FusionAuth, which sends its own, is told nothing of them.
func (r *reader) mails(f *File) {
	if !r.missing("provider.url") {
		if r.there("mail") {
			r.wrong("mail", "a FusionAuth sends its mails itself: set its mail server there, and leave this out")
		}
		for i, app := range f.Apps {
			if app.AccountPage != "" {
				r.wrong(fmt.Sprintf("apps[%d].account_page", i), "the mails of a FusionAuth lead where its templates say: leave this out")
			}
		}
		return
	}
	proof := "" // what the first app with registration says
	for i, app := range f.Apps {
		key := fmt.Sprintf("apps[%d].accounts", i)
		if app.Accounts == "" || !r.read(key) {
			continue
		}
		if r.missing("mail") {
			r.wrong(key, "there is no mail: users prove their address and set a new password by mail. Write mail: with smtp: (a mail server), or folder: (a directory, for development)")
		}
		switch {
		case app.Accounts == "existing":
		case proof == "":
			proof = app.Accounts
		case proof != app.Accounts:
			r.wrong(key, "another app says "+proof+": users of the embedded provider prove their address for all apps, or for none. Write the same for both")
		}
	}
}
