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
			r.wrong(key+".host", "two apps on the host "+name+": browsers would mix up their cookies, which do not depend on the port")
		} else {
			hosts[name] = true
		}
		switch first := applications[app.ApplicationID]; {
		case app.ApplicationID == "" || f.Provider.URL != "":
		case first == nil:
			applications[app.ApplicationID] = app
		case first.ClientSecret != app.ClientSecret:
			r.wrong(key+".client_secret", "another app has the same application_id but another client_secret: use the same secret, or another application_id")
		}
	}
}

// exposure checks who could read the traffic, and who is trusted to name the browser's address.
func (r *reader) exposure(f *File) {
	host, _, err := net.SplitHostPort(f.Listen)
	if err == nil && !r.unread["listen"] && r.missing("tls") && r.missing("plain_http_behind_proxy") && !loopback(host) {
		r.wrong("listen", f.Listen+" without tls: passwords and cookies would cross the network unencrypted. Set tls:, listen on 127.0.0.1, "+
			"or, if a proxy in front does TLS and the network to it is trusted, set plain_http_behind_proxy: true")
	}
	if f.PlainBehindProxy && !r.missing("tls") {
		r.wrong("plain_http_behind_proxy", "tls is set too: leave one of the two out")
	} else if f.PlainBehindProxy && len(f.TrustedProxies) == 0 && (r.missing("trusted_proxies") || r.read("trusted_proxies")) {
		r.wrong("plain_http_behind_proxy", "trusted_proxies is missing: all browsers would share one address, and one of them could use up everyone's login attempts. "+
			"Add trusted_proxies: with the proxy's address")
	}
	if f.Redirect != "" && r.missing("tls") {
		r.wrong("redirect", "tls is not set: there is nothing to redirect to")
	}
}

// ports finds addresses that conflict with one another.
func (r *reader) ports(f *File) {
	type taken struct{ key, address string }
	var before []taken
	for _, t := range []taken{{"provider.listen", f.Provider.Listen}, {"listen", f.Listen}, {"redirect", f.Redirect}, {"admin", f.Admin}} {
		if t.address == "" || t.key == "provider.listen" && f.Provider.URL != "" || r.unread[t.key] {
			continue
		}
		for _, other := range before {
			if collide(t.address, other.address) {
				r.wrong(t.key, fmt.Sprintf("%s is used by %s (%s): choose another port", t.address, other.key, other.address))
				break
			}
		}
		before = append(before, t)
	}
}

// loops finds apps whose upstream is the gateway itself: a request would go round until no
// connection is left.
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
				r.wrong(key, value+" is the gateway's own address: write the address of your app, or choose another port for listen")
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

// mails checks that the embedded provider can send the mails that accounts need, and that mail
// settings are not given for a FusionAuth, which sends its own.
func (r *reader) mails(f *File) {
	if !r.missing("provider.url") {
		if r.there("mail") {
			r.wrong("mail", "FusionAuth sends its own mails: set the mail server there, and leave this out")
		}
		for i, app := range f.Apps {
			if app.AccountPage != "" {
				r.wrong(fmt.Sprintf("apps[%d].account_page", i), "FusionAuth's mail templates decide where links lead: leave this out")
			}
		}
		return
	}
	proof := "" // of the first app with registration
	for i, app := range f.Apps {
		key := fmt.Sprintf("apps[%d].accounts", i)
		if app.Accounts == "" || !r.read(key) {
			continue
		}
		if r.missing("mail") {
			r.wrong(key, "mail is missing: users verify their address and reset their password by mail. Add mail: with smtp: (a mail server), or folder: (a directory, for development)")
		}
		switch {
		case app.Accounts == "existing":
		case proof == "":
			proof = app.Accounts
		case proof != app.Accounts:
			r.wrong(key, "another app has "+proof+": the embedded provider verifies addresses for all apps or for none. Use the same for both")
		}
	}
}
