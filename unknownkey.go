package latchkey

import (
	"encoding/binary"
	"fmt"
	"net/http"
)

// checkCookieKeys logs that a cookie that is not genuine names a key that this node does not have, once a minute.
// Anybody can send such a cookie: it is no alarm.
func (g *Guard) checkCookieKeys(r *http.Request, session, refresh string) {
	id, unknown := g.cookies.session.unknownKey(session)
	if !unknown {
		id, unknown = g.cookies.refresh.unknownKey(refresh)
	}
	if unknown && g.once("unknown key of a cookie") {
		g.log.WarnContext(r.Context(), "a cookie of a key that this node does not have was ignored", "app", g.app, "key", fmt.Sprintf("%08x", id))
	}
}

func (s *sessionMAC) unknownKey(value string) (id uint32, unknown bool) {
	if len(value) != sessionCookieLength {
		return 0, false
	}
	var st macState
	_, id, ok := st.decode(value)
	if !ok {
		return 0, false
	}
	for _, k := range s.keys {
		if k.id == id {
			return 0, false
		}
	}
	return id, true
}

func (s *refreshSealer) unknownKey(value string) (id uint32, unknown bool) {
	if len(value) > maxCookie {
		return 0, false
	}
	raw, err := cookieEncoding.DecodeString(value)
	if err != nil || len(raw) < len(ID{})+sealOverhead || raw[len(ID{})] != sealVersion {
		return 0, false
	}
	id = binary.BigEndian.Uint32(raw[len(ID{})+1:])
	_, known := s.ring.find(id)
	return id, !known
}
