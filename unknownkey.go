package latchkey

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"time"
)

// A node that shares its store with others but not its keys signs out whoever comes from them. It can
// tell by the ids of keys, which are in the clear in each sealed box and each cookie.

// checkKeys reports a record that was sealed with a key that this node does not have, once a minute.
func (g *Guard) checkKeys(ctx context.Context, rec *Record) {
	for _, box := range [][]byte{rec.RefreshToken, rec.Token} {
		if len(box) < sealOverhead || box[0] != sealVersion {
			continue
		}
		id := binary.BigEndian.Uint32(box[1:])
		if _, known := g.config.Keys.find(id); known || !g.alarms.first("unknown key", g.now()) {
			continue
		}
		g.emit(ctx, Event{Kind: EventUnknownKey, Session: rec.ID, UserID: rec.User.ID, Err: fmt.Errorf(
			"a node that shares the store has the key %08x, and this one does not: give all nodes the same keys", id)})
	}
}

// checkCookieKeys logs that a cookie that is not genuine names a key that this node does not have, once a minute.
// Anybody can send such a cookie: it is no alarm.
func (g *Guard) checkCookieKeys(r *http.Request, session, refresh string) {
	id, unknown := g.cookies.session.unknownKey(session)
	if !unknown {
		id, unknown = g.cookies.refresh.unknownKey(refresh)
	}
	if unknown && g.alarms.first("unknown key of a cookie", g.now()) {
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

// glimpseAfter is how long after another node has written a record it is read, for the key that sealed it; one of
// those that were written meanwhile stands for all.
const glimpseAfter = 700 * time.Millisecond

// glimpse reads a record that another node has written, for the key that sealed it. It may be of another app that shares the store, with keys of its own.
func (g *Guard) glimpse(ctx context.Context, id ID) {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if rec, err := g.config.Store.Get(ctx, id); err == nil && rec.App == g.app {
		g.checkKeys(ctx, rec)
	}
}
