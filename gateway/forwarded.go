package gateway

import (
	"net/http"
	"net/netip"
	"strings"
)

// proxies are the peers that are trusted to name the browser's address.
type proxies struct {
	trusted []netip.Prefix
	rfc7239 bool // in Forwarded instead of X-Forwarded-For
}

func (p proxies) trusts(addr netip.Addr) bool {
	for _, prefix := range p.trusted {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// chain returns the addresses that a request went through, the browser's first and the peer's last.
// It is the peer alone if the peer is not a listed proxy; of what a listed proxy says, only the
// part from the last unlisted address on is trusted.
func (p proxies) chain(r *http.Request) []netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return nil
	}
	hops := []netip.Addr{peer.Addr().Unmap()}
	if !p.trusts(hops[0]) {
		return hops
	}
	var said []netip.Addr
	if p.rfc7239 {
		said = parseForwarded(r.Header["Forwarded"])
	} else {
		said = parseForwardedFor(r.Header["X-Forwarded-For"])
	}
	for i := len(said) - 1; i >= 0 && p.trusts(hops[0]); i-- {
		if !said[i].IsValid() {
			break
		}
		hops = append([]netip.Addr{said[i]}, hops...)
	}
	return hops
}

// client returns the address of the browser, for logs and limits.
func (p proxies) client(r *http.Request) string {
	if hops := p.chain(r); len(hops) > 0 {
		return hops[0].String()
	}
	return r.RemoteAddr
}

// maxHops bounds how much of a list is read. Anyone may have written its beginning; our proxies
// wrote its end.
const maxHops = 32

func parseForwardedFor(lines []string) []netip.Addr {
	var hops []netip.Addr
	for _, item := range lastItems(lines) {
		hops = append(hops, parseNode(item))
	}
	return hops
}

// parseForwarded reads the for parameters of RFC 7239. An element without one is an unknown
// address.
func parseForwarded(lines []string) []netip.Addr {
	var hops []netip.Addr
	for _, element := range lastItems(lines) {
		var hop netip.Addr
		for pair := range strings.SplitSeq(element, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			if strings.EqualFold(name, "for") {
				hop = parseNode(strings.Trim(value, `"`))
			}
		}
		hops = append(hops, hop)
	}
	return hops
}

// lastItems splits lists at commas. A comma in a quoted string splits it too, into parts that are
// not addresses.
func lastItems(lines []string) []string {
	items := strings.Split(strings.Join(lines, ","), ",")
	return items[max(0, len(items)-maxHops):]
}

// parseNode reads an address with or without a port and brackets. Anything else is the zero Addr.
func parseNode(s string) netip.Addr {
	s = strings.TrimSpace(s)
	if addr, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return addr.Unmap().WithZone("")
	}
	if port, err := netip.ParseAddrPort(s); err == nil {
		return port.Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// tell sets the forwarding headers from what is known. Host and scheme are those of the app's
// origin, whatever the request says.
func tell(h http.Header, hops []netip.Addr, scheme, host string) {
	if len(hops) > 0 {
		said := make([]string, len(hops))
		for i, hop := range hops {
			said[i] = hop.String()
		}
		h.Set("X-Forwarded-For", strings.Join(said, ", "))
	}
	h.Set("X-Forwarded-Host", host)
	h.Set("X-Forwarded-Proto", scheme)
}

func (p proxies) trustsPeer(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && p.trusts(peer.Addr().Unmap())
}

// passedOver reports whether an unlisted peer claims to forward for another address. The claim is
// ignored.
func (p proxies) passedOver(r *http.Request) bool {
	return (r.Header["X-Forwarded-For"] != nil || r.Header["Forwarded"] != nil) && !p.trustsPeer(r)
}
